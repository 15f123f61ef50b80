//! Whereabouts, services and witnesses by their ids.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool_postgres::Transaction;
use domain::{
    Branch, Developer, Folder, InferenceGeo, ModelName, Place, Provider, ReporterId, Service, ServiceTier,
    SessionId, Speed, Terms, Tool, Whereabouts, Witness,
};

use crate::error::StoreError;
use crate::journal::code::Code as _;
use crate::postgres::columns::{Columns, column};

/// Values of each kind that are kept in memory; then all are let go.
const MOST_KEPT: usize = 262_144;

/// Values that this process knows to be in the database. They never change, so that
/// keeping them is always right.
#[derive(Default)]
pub(super) struct Values {
    whereabouts: Kept<Whereabouts>,
    services: Kept<Service>,
    witnesses: Kept<Witness>,
}

/// Some values by their ids.
pub(super) type Known<T> = HashMap<i64, Arc<T>>;

struct Kept<T>(Mutex<Known<T>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn all(&self) -> MutexGuard<'_, Known<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept by an id.
pub(super) trait Value: Sized {
    /// What it is, for errors.
    const WHAT: &'static str;
    /// Finds rows by their ids: the id, then what [`Self::read`] reads.
    const SELECT: &'static str;
    /// Reads one.
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError>;
}

/// Which of the values are meant.
pub(super) trait Shelf<T> {
    #[doc(hidden)]
    fn all(&self) -> MutexGuard<'_, Known<T>>;
}

impl Shelf<Whereabouts> for Values {
    fn all(&self) -> MutexGuard<'_, Known<Whereabouts>> {
        self.whereabouts.all()
    }
}

impl Shelf<Service> for Values {
    fn all(&self) -> MutexGuard<'_, Known<Service>> {
        self.services.all()
    }
}

impl Shelf<Witness> for Values {
    fn all(&self) -> MutexGuard<'_, Known<Witness>> {
        self.witnesses.all()
    }
}

impl Values {
    /// What these ids stand for, all of them.
    pub(super) async fn load<T: Value>(
        &self,
        transaction: &Transaction<'_>,
        ids: impl Iterator<Item = i64>,
    ) -> Result<Known<T>, StoreError>
    where
        Self: Shelf<T>,
    {
        let (mut known, missing) = self.recall(ids);
        if missing.is_empty() {
            return Ok(known);
        }
        let missing: Vec<i64> = missing.into_iter().collect();
        let statement = transaction.prepare_cached(T::SELECT).await?;
        let mut found = Known::with_capacity(missing.len());
        for row in transaction.query(&statement, &[&missing]).await? {
            let mut columns = Columns::of(&row);
            found.insert(columns.value()?, Arc::new(T::read(&mut columns)?));
        }
        if let Some(id) = missing.iter().find(|id| !found.contains_key(id)) {
            return Err(StoreError::Unknown { what: T::WHAT, value: format!("the id {id}") });
        }
        known.extend(found.iter().map(|(id, value)| (*id, Arc::clone(value))));
        self.remember(found);
        Ok(known)
    }

    fn recall<T>(&self, ids: impl Iterator<Item = i64>) -> (Known<T>, HashSet<i64>)
    where
        Self: Shelf<T>,
    {
        let all = self.all();
        let (mut known, mut missing) = (Known::new(), HashSet::new());
        for id in ids {
            match all.get(&id) {
                Some(value) => {
                    known.entry(id).or_insert_with(|| Arc::clone(value));
                }
                None => {
                    missing.insert(id);
                }
            }
        }
        (known, missing)
    }

    /// Those that this process does not know to be in the database.
    pub(super) fn unknown<T>(&self, values: &Known<T>) -> Vec<(i64, Arc<T>)>
    where
        Self: Shelf<T>,
    {
        let all = self.all();
        let unknown = values.iter().filter(|(id, _)| !all.contains_key(id));
        let mut unknown: Vec<_> = unknown.map(|(id, value)| (*id, Arc::clone(value))).collect();
        unknown.sort_unstable_by_key(|(id, _)| *id);
        unknown
    }

    /// These are in the database: read from it, or written and committed.
    pub(super) fn remember<T>(&self, values: Known<T>)
    where
        Self: Shelf<T>,
    {
        let mut all = self.all();
        if all.len().saturating_add(values.len()) > MOST_KEPT {
            all.clear();
        }
        all.extend(values);
    }
}

/// The value of an id, out of those that were loaded.
pub(super) fn of<T: Value>(known: &Known<T>, id: i64) -> Result<&Arc<T>, StoreError> {
    known.get(&id).ok_or_else(|| StoreError::Unknown { what: T::WHAT, value: format!("the id {id}") })
}

impl Value for Whereabouts {
    const WHAT: &'static str = "whereabouts";
    const SELECT: &'static str = "SELECT id, tool, session, thread, folder, branch, remote, command, skill,
            developer, claimed
         FROM journal.whereabouts WHERE id = ANY ($1)";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
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
        Ok(Self {
            place: Arc::new(place),
            developer: columns.maybe_text(Developer::new)?,
            claimed: columns.maybe_text(Developer::new)?,
        })
    }
}

impl Value for Service {
    const WHAT: &'static str = "a service";
    const SELECT: &'static str =
        "SELECT id, model, provider, tier, speed, geo FROM journal.service WHERE id = ANY ($1)";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            model: columns.text(ModelName::new)?,
            provider: columns.maybe_text(Provider::new)?,
            terms: Terms {
                tier: columns.named("tier", ServiceTier::from_name)?,
                speed: columns.named("speed", Speed::from_name)?,
                geo: columns.named("geo", InferenceGeo::from_name)?,
            },
        })
    }
}

impl Value for Witness {
    const WHAT: &'static str = "a witness";
    const SELECT: &'static str =
        "SELECT id, source, reporter, developer, claimed FROM journal.witness WHERE id = ANY ($1)";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            source: columns.code()?,
            reporter: columns.text(ReporterId::new)?,
            developer: columns.maybe_text(Developer::new)?,
            claimed: columns.maybe_text(Developer::new)?,
        })
    }
}

/// Writes whereabouts that may be there already.
pub(super) async fn store_whereabouts(
    transaction: &Transaction<'_>,
    rows: &[(i64, Arc<Whereabouts>)],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = transaction
        .prepare_cached(
            "INSERT INTO journal.whereabouts
                (id, tool, session, thread, folder, branch, remote, command, skill, developer, claimed)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
             ON CONFLICT (id) DO NOTHING",
        )
        .await?;
    let ids = column(rows, |(id, _)| *id);
    let tools = column(rows, |(_, it)| it.place.tool.name());
    let sessions = column(rows, |(_, it)| it.place.session.as_str());
    let threads = column(rows, |(_, it)| it.place.thread.code());
    let folders = column(rows, |(_, it)| it.place.folder.as_ref().map(Folder::as_str));
    let branches = column(rows, |(_, it)| it.place.branch.as_ref().map(Branch::as_str));
    let remotes = column(rows, |(_, it)| it.place.remote.as_deref());
    let commands = column(rows, |(_, it)| it.place.command.as_deref());
    let skills = column(rows, |(_, it)| it.place.skill.as_deref());
    let developers = column(rows, |(_, it)| it.developer.as_ref().map(Developer::as_str));
    let claimed = column(rows, |(_, it)| it.claimed.as_ref().map(Developer::as_str));
    transaction
        .execute(
            &statement,
            &[
                &ids,
                &tools,
                &sessions,
                &threads,
                &folders,
                &branches,
                &remotes,
                &commands,
                &skills,
                &developers,
                &claimed,
            ],
        )
        .await?;
    Ok(())
}

/// Writes services that may be there already.
pub(super) async fn store_services(
    transaction: &Transaction<'_>,
    rows: &[(i64, Arc<Service>)],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = transaction
        .prepare_cached(
            "INSERT INTO journal.service (id, model, provider, tier, speed, geo)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
             ON CONFLICT (id) DO NOTHING",
        )
        .await?;
    let ids = column(rows, |(id, _)| *id);
    let models = column(rows, |(_, it)| it.model.as_str());
    let providers = column(rows, |(_, it)| it.provider.as_ref().map(Provider::as_str));
    let tiers = column(rows, |(_, it)| it.terms.tier.name());
    let speeds = column(rows, |(_, it)| it.terms.speed.name());
    let geos = column(rows, |(_, it)| it.terms.geo.name());
    transaction.execute(&statement, &[&ids, &models, &providers, &tiers, &speeds, &geos]).await?;
    Ok(())
}

/// What is new of a witness.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// The first moment when it was heard from, in milliseconds.
    pub(super) first_at: i64,
    /// The last.
    pub(super) last_at: i64,
    /// Different observations.
    pub(super) observations: i64,
    /// Different activities.
    pub(super) activities: i64,
}

/// Notes that witnesses were heard from.
pub(super) async fn hear(
    transaction: &Transaction<'_>,
    rows: &[(i64, Arc<Witness>, Heard)],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = transaction
        .prepare_cached(
            "INSERT INTO journal.witness AS known
                (id, source, reporter, developer, claimed, first_at, last_at, observations, activities)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                $7::bigint[], $8::bigint[], $9::bigint[])
             ON CONFLICT (id) DO UPDATE SET
                first_at = least(known.first_at, excluded.first_at),
                last_at = greatest(known.last_at, excluded.last_at),
                observations = known.observations + excluded.observations,
                activities = known.activities + excluded.activities",
        )
        .await?;
    let ids = column(rows, |(id, _, _)| *id);
    let sources = column(rows, |(_, it, _)| it.source.code());
    let reporters = column(rows, |(_, it, _)| it.reporter.as_str());
    let developers = column(rows, |(_, it, _)| it.developer.as_ref().map(Developer::as_str));
    let claimed = column(rows, |(_, it, _)| it.claimed.as_ref().map(Developer::as_str));
    let first = column(rows, |(_, _, heard)| heard.first_at);
    let last = column(rows, |(_, _, heard)| heard.last_at);
    let observations = column(rows, |(_, _, heard)| heard.observations);
    let activities = column(rows, |(_, _, heard)| heard.activities);
    transaction
        .execute(
            &statement,
            &[&ids, &sources, &reporters, &developers, &claimed, &first, &last, &observations, &activities],
        )
        .await?;
    Ok(())
}
