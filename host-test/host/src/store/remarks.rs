//! What is said of single records: the ones that could not be read, and the ones that were read but not exactly as written. A remark stays
//! until its record is read anew; it never keeps a record out.

use async_trait::async_trait;

use super::{ConnectionId, Result};
use crate::contract::types::{Failure, Warning};

/// Where a part of a long list begins: after this record of this entity, and after what has this code.
pub type After = (String, String, String);

/// What is asked of remarks on single records.
#[async_trait]
pub trait Remarks {
    /// The records of a connection that could not be read: entity, id, failure. Once one is read, it is forgotten here.
    async fn refused(&self, connection: ConnectionId) -> Result<Vec<(String, String, Failure)>>;

    /// What was read, but not exactly as written: entity and warning, each once, also where several streams of one record say it. Once its record
    /// is read anew, a warning is forgotten or said again.
    async fn warned(&self, connection: ConnectionId) -> Result<Vec<(String, Warning)>>;

    /// The next records that could not be read, so many at the most, and where those after them begin.
    async fn refused_after(
        &self,
        connection: ConnectionId,
        after: After,
        most: u32,
    ) -> Result<(Vec<(String, String, Failure)>, Option<After>)>;

    /// The same of what was read, but not exactly as written.
    async fn warned_after(&self, connection: ConnectionId, after: After, most: u32) -> Result<(Vec<(String, Warning)>, Option<After>)>;
}
