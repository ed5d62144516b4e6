//! `export`, `erase` and `disconnect`: what is held of a customer or a connection, handed out or gone.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use connector_host::store::{CustomerKey, Erased, Remaining};

use crate::home::Folder;
use crate::output::{self, Outcome, Problem};

/// Write everything that is held of a connection, or of one customer, to a JSON file. Secrets are left out.
#[derive(clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// One customer alone, by phone or by Nobi's id.
    #[arg(long, value_name = "PHONE|ID")]
    customer: Option<CustomerKey>,
    /// The file to write; one that exists is never written over.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Export {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let told = |error: std::io::Error| Problem::usage(format!("{}: {error}", self.out.display()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.out).map_err(told)?;
        let data = home.host.export(connection.id, self.customer).await?;
        let mut text = serde_json::to_string_pretty(&data)?;
        text.push('\n');
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(told)?;
        tell!("{}: {} bytes", self.out.display(), text.len());
        Ok(())
    }
}

/// Erase one customer: from the customers, the orders, and every text that names the person, in all connections of the tenant.
///
/// Orders keep their lines, sums and pairs; no sync brings the customer back. A phone is the person: everything under it goes, whichever way the
/// customer is named. What is at Nhanh.vn stays there: its ids are printed, to be erased there.
#[derive(clap::Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Whom, by phone or by Nobi's id.
    #[arg(long, value_name = "PHONE|ID")]
    customer: CustomerKey,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Erase {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let erased = home.host.erase(connection.id, self.customer).await?;
        if self.json {
            output::json(&erased)?;
            return written_over(&erased);
        }
        if erased.is_nothing() {
            tell!("Không có dữ liệu nào của khách này. (Nothing is held of this customer.)");
            return written_over(&erased);
        }
        tell!(
            "Đã xóa {} khách hàng, thông tin người mua trong {} đơn và {} chỗ nhắc tới; {} sự kiện đơn sẽ không gửi nữa.",
            erased.customers,
            erased.orders,
            erased.mentions,
            erased.stopped
        );
        tell!(
            "({} customers erased, people taken out of {} orders and {} mentions; {} order events will not go out.)",
            erased.customers,
            erased.orders,
            erased.mentions,
            erased.stopped
        );
        if !erased.remaining.is_empty() {
            tell!("Vẫn còn ở Nhanh.vn, cần xóa tại đó: (Still at Nhanh.vn, to be erased there:)");
        }
        for remaining in &erased.remaining {
            tell!("  {}", line(remaining));
        }
        tell!("Các bản sao lưu cũ vẫn chứa dữ liệu này: hãy hủy chúng. (Older backups still hold it: destroy them.)");
        written_over(&erased)
    }
}

fn written_over(erased: &Erased) -> Outcome {
    match erased.written_over {
        true => Ok(()),
        false => Err(Problem::failed("others were reading the file, so its bytes still hold what was erased: erase it once more")),
    }
}

fn line(remaining: &Remaining) -> String {
    let what = if remaining.entity == "order" { "đơn hàng / order" } else { "khách hàng / customer" };
    match (&remaining.remote, &remaining.own_id) {
        (Some(remote), _) => format!("{what} {remote}"),
        (None, Some(own_id)) => format!("{what}: có thể đã tới, tìm theo mã {own_id} (may have arrived: search for {own_id})"),
        (None, None) => format!("{what}: có thể đã tới (may have arrived)"),
    }
}

/// Cut a connection: token and secrets are forgotten, and nothing is synced any more. Links and history stay, and a login goes on from there.
#[derive(clap::Args)]
pub(crate) struct Disconnect {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Erase the connection with its links and its history, too. What Nobi itself has (products, customers, orders) stays.
    #[arg(long)]
    purge: bool,
}

impl Disconnect {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        if self.purge {
            home.host.purge(connection.id).await?;
            tell!("Đã xóa kết nối {} cùng liên kết và lịch sử. (Connection {} is erased.)", connection.id, connection.id);
        } else {
            home.host.disconnect(connection.id).await?;
            tell!(
                "Đã ngắt kết nối {}; liên kết và lịch sử được giữ. (Connection {} is cut; links and history are kept.)",
                connection.id,
                connection.id
            );
        }
        tell!("Ứng dụng vẫn có quyền ở Nhanh.vn tới khi gỡ tại đó. (The app keeps its right at Nhanh.vn until it is removed there.)");
        Ok(())
    }
}
