//! Where a typed query may run.

use sea_orm::{ConnectionTrait, DbErr};

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A connection or a transaction on which typed queries run: here while they are short, on the connection's own
/// thread otherwise. Sealed.
pub trait TypedConnection: ConnectionTrait + sealed::Sealed {
    /// Runs a read, whose text is `sql`, on this thread. `None`: not here; nothing changed, it can run elsewhere.
    #[doc(hidden)]
    fn read_short<T: Send>(
        &self,
        sql: &str,
        work: impl FnOnce(&rusqlite::Connection) -> Option<T> + Send,
    ) -> impl Future<Output = Result<Option<T>, DbErr>> + Send;

    /// Runs a write of one row, whose text is `sql`, on this thread, to its end. `None`: not here; nothing was run.
    #[doc(hidden)]
    fn write_short<T: Send>(
        &self,
        sql: &str,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error> + Send,
    ) -> impl Future<Output = Result<Option<T>, DbErr>> + Send;
}
