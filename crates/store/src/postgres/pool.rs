//! Connections to the database.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime,
    TimeoutType,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use super::address::{Address, Way};
use super::attempts::is_broken;
use super::tls::Tls;
use crate::error::StoreError;

/// Connections that one process holds at most; who comes later waits for one.
const CONNECTIONS: usize = 16;
/// How long to wait for a free one.
const WAIT: Duration = Duration::from_secs(30);
/// How long to wait for the server to take a new one.
const CONNECT: Duration = Duration::from_secs(5);

/// The connections of one process. A clone is another handle to the same.
#[derive(Clone)]
pub(crate) struct Pool(deadpool_postgres::Pool);

impl Pool {
    /// To the database at that address. Nothing is connected yet.
    pub(crate) fn to(url: &str) -> Result<Self, StoreError> {
        let Address { mut config, way } = Address::parse(url)?;
        config.connect_timeout(CONNECT);
        // A connection that the server closed is noticed when it is taken.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match way {
            Way::Plain => Manager::from_config(config, NoTls, recycling),
            Way::Encrypted(file) => Manager::from_config(config, Tls::trusting(file)?, recycling),
        };
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .post_create(Hook::async_fn(|client, _| Box::pin(prepare(client))))
            .build()
            .map_err(|error| StoreError::Unreachable(error.to_string()))?;
        Ok(Self(pool))
    }

    /// A connection.
    pub(super) async fn take(&self) -> Result<Object, StoreError> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                unreachable(error)
            }
            PoolError::Closed => StoreError::Closed,
            PoolError::Timeout(TimeoutType::Wait) => {
                StoreError::Unreachable("all connections are in use".into())
            }
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                StoreError::Unreachable("the server takes no connection".into())
            }
        })
    }

    /// What one statement finds.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.take().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, with).await?)
    }
}

/// Compiling a plan takes a hundred times as long as any statement of ours runs.
async fn prepare(client: &mut ClientWrapper) -> Result<(), HookError> {
    client.batch_execute("SET jit = off").await.map_err(HookError::Backend)
}

/// Why no connection came about. What was said on one is kept as it is.
fn unreachable(error: tokio_postgres::Error) -> StoreError {
    use std::error::Error;
    match error.source() {
        Some(cause) if is_broken(&error) => StoreError::Unreachable(format!("{error}: {cause}")),
        _ => StoreError::Postgres(error),
    }
}
