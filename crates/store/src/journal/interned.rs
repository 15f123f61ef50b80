//! Places and services, numbered. They are few and shared by many calls.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use domain::{
    Branch, Folder, InferenceGeo, ModelName, Place, Provider, Service, ServiceTier, SessionId, Speed, Terms,
    Tool,
};
use rusqlite::{Connection, params};

use super::code::Code;
use super::columns::Columns;
use crate::error::StoreError;

/// All that are known to this process.
#[derive(Default)]
pub(super) struct Interned {
    pub(super) places: Numbered<Place>,
    pub(super) services: Numbered<Service>,
}

/// Values and their numbers, which count from 1.
pub(super) struct Numbered<T> {
    values: Vec<Arc<T>>,
    /// The numbers of the first values, as many as were asked for: who only reads
    /// needs none.
    numbers: HashMap<Arc<T>, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Eq + Hash> Numbered<T> {
    pub(super) fn all(&self) -> &[Arc<T>] {
        &self.values
    }

    pub(super) fn value(&self, number: u32) -> Option<&Arc<T>> {
        self.values.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    fn last(&self) -> u32 {
        u32::try_from(self.values.len()).unwrap_or(u32::MAX)
    }

    fn number(&mut self, value: &T) -> Option<u32> {
        for (place, value) in self.values.iter().enumerate().skip(self.numbers.len()) {
            let number = u32::try_from(place.saturating_add(1)).unwrap_or(u32::MAX);
            self.numbers.insert(Arc::clone(value), number);
        }
        self.numbers.get(value).copied()
    }

    /// Takes in the value of the next number.
    fn learn(&mut self, number: u32, value: Arc<T>) -> Result<(), StoreError> {
        if self.last().checked_add(1) != Some(number) {
            return Err(StoreError::Unknown { what: "the next number", value: number.to_string() });
        }
        self.values.push(value);
        Ok(())
    }
}

impl Interned {
    /// Learns what other transactions added.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT id, tool, session, thread, folder, branch, remote, command, skill FROM place WHERE id > ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([self.places.last()])?;
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            self.places.learn(columns.value()?, Arc::new(place(&mut columns)?))?;
        }
        let mut statement = connection.prepare_cached(
            "SELECT id, model, provider, tier, speed, geo FROM service WHERE id > ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([self.services.last()])?;
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            self.services.learn(columns.value()?, Arc::new(service(&mut columns)?))?;
        }
        Ok(())
    }

    /// The number of a place, given to it now where it has none.
    pub(super) fn place(&mut self, connection: &Connection, place: &Arc<Place>) -> Result<u32, StoreError> {
        if let Some(number) = self.places.number(place) {
            return Ok(number);
        }
        let number = self.places.last().checked_add(1).ok_or(domain::Overflow)?;
        let mut statement = connection.prepare_cached(
            "INSERT INTO place (id, tool, session, thread, folder, branch, remote, command, skill)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        statement.execute(params![
            number,
            place.tool.name(),
            place.session.as_str(),
            place.thread.code(),
            place.folder.as_ref().map(Folder::as_str),
            place.branch.as_ref().map(Branch::as_str),
            place.remote.as_deref(),
            place.command.as_deref(),
            place.skill.as_deref(),
        ])?;
        self.places.learn(number, Arc::clone(place))?;
        Ok(number)
    }

    /// The number of a service, given to it now where it has none.
    pub(super) fn service(&mut self, connection: &Connection, service: Service) -> Result<u32, StoreError> {
        if let Some(number) = self.services.number(&service) {
            return Ok(number);
        }
        let number = self.services.last().checked_add(1).ok_or(domain::Overflow)?;
        let mut statement = connection.prepare_cached(
            "INSERT INTO service (id, model, provider, tier, speed, geo) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        statement.execute(params![
            number,
            service.model.as_str(),
            service.provider.as_ref().map(Provider::as_str),
            service.terms.tier.name(),
            service.terms.speed.name(),
            service.terms.geo.name(),
        ])?;
        self.services.learn(number, Arc::new(service))?;
        Ok(number)
    }
}

fn place(columns: &mut Columns<'_>) -> Result<Place, StoreError> {
    Ok(Place {
        tool: columns.named("tool", Tool::from_name)?,
        session: columns.text(SessionId::new)?,
        thread: columns.code()?,
        folder: columns.maybe_text(Folder::new)?,
        branch: columns.maybe_text(Branch::new)?,
        remote: columns.maybe_text(|text| Arc::from(text))?,
        command: columns.maybe_text(|text| Arc::from(text))?,
        skill: columns.maybe_text(|text| Arc::from(text))?,
    })
}

fn service(columns: &mut Columns<'_>) -> Result<Service, StoreError> {
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
