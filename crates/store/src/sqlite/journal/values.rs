//! Whereabouts, services and witnesses by their ids.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{
    Branch, Developer, Folder, InferenceGeo, ModelName, Place, Provider, ReporterId, Service, ServiceTier,
    SessionId, Speed, Terms, Timestamp, Tool, Whereabouts, Witness,
};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::journal::code::Code as _;
use crate::journal::columns::Columns;
use crate::plan::ids;

/// Values of each kind that are kept in memory; then all are let go.
const MOST_KEPT: usize = 65_536;

/// Values that were looked up. They never change, so that keeping them is always right.
#[derive(Default)]
pub(super) struct Values {
    whereabouts: HashMap<i64, Arc<Whereabouts>>,
    services: HashMap<i64, Arc<Service>>,
    witnesses: HashMap<i64, Arc<Witness>>,
}

impl Values {
    pub(super) fn whereabouts(
        &mut self,
        connection: &Connection,
        id: i64,
    ) -> Result<Arc<Whereabouts>, StoreError> {
        kept(&mut self.whereabouts, id, || whereabouts(connection, id))
    }

    pub(super) fn service(&mut self, connection: &Connection, id: i64) -> Result<Arc<Service>, StoreError> {
        kept(&mut self.services, id, || service(connection, id))
    }

    pub(super) fn witness(&mut self, connection: &Connection, id: i64) -> Result<Arc<Witness>, StoreError> {
        kept(&mut self.witnesses, id, || witness(connection, id))
    }
}

fn kept<T>(
    all: &mut HashMap<i64, Arc<T>>,
    id: i64,
    load: impl FnOnce() -> Result<T, StoreError>,
) -> Result<Arc<T>, StoreError> {
    if let Some(value) = all.get(&id) {
        return Ok(Arc::clone(value));
    }
    if all.len() >= MOST_KEPT {
        all.clear();
    }
    let value = Arc::new(load()?);
    all.insert(id, Arc::clone(&value));
    Ok(value)
}

fn missing(what: &'static str, id: i64) -> StoreError {
    StoreError::Unknown { what, value: format!("the id {id}") }
}

fn whereabouts(connection: &Connection, id: i64) -> Result<Whereabouts, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT tool, session, thread, folder, branch, remote, command, skill, developer, claimed
         FROM whereabouts WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| missing("whereabouts", id))?;
    let mut columns = Columns::of(row);
    let place = Place {
        tool: columns.named("tool", Tool::from_name)?,
        session: columns.text(SessionId::new)?,
        thread: columns.code()?,
        folder: columns.maybe_text(Folder::new)?,
        branch: columns.maybe_text(Branch::new)?,
        remote: columns.maybe_text(|text| Arc::from(text))?,
        command: columns.maybe_text(|text| Arc::from(text))?,
        skill: columns.maybe_text(|text| Arc::from(text))?,
    };
    Ok(Whereabouts {
        place: Arc::new(place),
        developer: columns.maybe_text(Developer::new)?,
        claimed: columns.maybe_text(Developer::new)?,
    })
}

fn service(connection: &Connection, id: i64) -> Result<Service, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT model, provider, tier, speed, geo FROM service WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| missing("a service", id))?;
    let mut columns = Columns::of(row);
    Ok(Service {
        model: columns.text(ModelName::new)?,
        provider: columns.maybe_text(Provider::new)?,
        terms: Terms {
            tier: columns.named("tier", ServiceTier::from_name)?,
            speed: columns.named("speed", Speed::from_name)?,
            geo: columns.named("geo", InferenceGeo::from_name)?,
        },
    })
}

fn witness(connection: &Connection, id: i64) -> Result<Witness, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT source, reporter, developer, claimed FROM witness WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| missing("a witness", id))?;
    columns_of_witness(&mut Columns::of(row))
}

/// `source, reporter, developer, claimed`.
pub(super) fn columns_of_witness(columns: &mut Columns<'_>) -> Result<Witness, StoreError> {
    Ok(Witness {
        source: columns.code()?,
        reporter: columns.text(ReporterId::new)?,
        developer: columns.maybe_text(Developer::new)?,
        claimed: columns.maybe_text(Developer::new)?,
    })
}

/// Writes whereabouts that may be there already.
pub(super) fn store_whereabouts(
    connection: &Connection,
    id: i64,
    it: &Whereabouts,
) -> Result<(), StoreError> {
    let place = &it.place;
    let mut statement = connection.prepare_cached(
        "INSERT INTO whereabouts
            (id, tool, session, thread, folder, branch, remote, command, skill, developer, claimed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO NOTHING",
    )?;
    statement.execute(params![
        id,
        place.tool.name(),
        place.session.as_str(),
        place.thread.code(),
        place.folder.as_ref().map(Folder::as_str),
        place.branch.as_ref().map(Branch::as_str),
        place.remote.as_deref(),
        place.command.as_deref(),
        place.skill.as_deref(),
        it.developer.as_ref().map(Developer::as_str),
        it.claimed.as_ref().map(Developer::as_str),
    ])?;
    Ok(())
}

/// Writes a service that may be there already.
pub(super) fn store_service(connection: &Connection, id: i64, it: &Service) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO service (id, model, provider, tier, speed, geo) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO NOTHING",
    )?;
    statement.execute(params![
        id,
        it.model.as_str(),
        it.provider.as_ref().map(Provider::as_str),
        it.terms.tier.name(),
        it.terms.speed.name(),
        it.terms.geo.name(),
    ])?;
    Ok(())
}

/// What is new of a witness.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// The first and the last moment when it was heard from; none where that is told apart.
    pub(super) at: Option<(Timestamp, Timestamp)>,
    pub(super) observations: u64,
    pub(super) activities: u64,
}

/// Notes that a witness was heard from.
pub(super) fn hear(connection: &Connection, it: &Witness, heard: Heard) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO witness
            (id, source, reporter, developer, claimed, first_at, last_at, observations, activities)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET
            first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at),
            observations = observations + excluded.observations,
            activities = activities + excluded.activities",
    )?;
    let (first, last) = heard.at.map_or((i64::MAX, i64::MIN), |(a, b)| (a.millis(), b.millis()));
    let signed = |count: u64| i64::try_from(count).map_err(|_| domain::Overflow);
    statement.execute(params![
        ids::witness(it),
        it.source.code(),
        it.reporter.as_str(),
        it.developer.as_ref().map(Developer::as_str),
        it.claimed.as_ref().map(Developer::as_str),
        first,
        last,
        signed(heard.observations)?,
        signed(heard.activities)?,
    ])?;
    Ok(())
}
