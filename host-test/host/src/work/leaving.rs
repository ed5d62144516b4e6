//! Leaving: a connection that is cut, for now or for good, and a customer whose data is erased. What was deleted is written over in the file
//! before this says that it is gone. Asks nothing of the other side, and says what stays there.

use super::{Host, message};
use crate::contract::types::Reason;
use crate::store::{ConnectionId, CustomerKey, Erased, StoreError};

impl Host {
    /// Forgets a connection's token and secrets, and pauses it. Links, orders on their way and history stay; a login goes on from there.
    pub async fn disconnect(&self, connection: ConnectionId) -> Result<(), StoreError> {
        let text = message(
            "Đã ngắt kết nối: mã truy cập và các mã bí mật đã bị xóa khỏi Nobi. Liên kết và lịch sử được giữ; đăng nhập lại là chạy tiếp.",
            "Disconnected: token and secrets were forgotten. Links and history are kept; a login goes on from there.",
            &[],
        );
        let reason = Reason { code: "host.disconnected".to_owned(), message: text };
        self.store.disconnect(connection, reason, self.clock.now()).await?;
        self.store.scrub().await?;
        self.outbound.forget(&connection.to_string());
        Ok(())
    }

    /// Erases a connection with its links and its history. What Nobi itself has (products, customers, orders) stays Nobi's.
    pub async fn purge(&self, connection: ConnectionId) -> Result<(), StoreError> {
        self.store.purge(connection, self.clock.now()).await?;
        self.store.scrub().await?;
        self.outbound.forget(&connection.to_string());
        Ok(())
    }

    /// Erases one customer of the connection's tenant, in all of the tenant's connections, and writes over what was deleted.
    pub async fn erase(&self, connection: ConnectionId, of: CustomerKey) -> Result<Erased, StoreError> {
        let mut erased = self.store.erase(connection, of, self.clock.now()).await?;
        for id in erased.remaining.iter().map(|remaining| remaining.connection) {
            // Answers of the other side may still name the person.
            self.outbound.forget(&id.to_string());
        }
        self.outbound.forget(&connection.to_string());
        // What is still at the other side has to be told all the same.
        match self.store.scrub().await {
            Ok(()) => erased.written_over = true,
            Err(error) => tracing::warn!(connection, %error, "what was erased is not written over yet"),
        }
        Ok(erased)
    }

    /// Everything that is held of a connection, or of one customer of its tenant, secrets left out.
    pub async fn export(&self, connection: ConnectionId, of: Option<CustomerKey>) -> Result<serde_json::Value, StoreError> {
        self.store.export(connection, of, self.clock.now()).await
    }
}
