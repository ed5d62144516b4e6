//! Attacks through what a reply gives the host to keep: its values are the other side's, and are looked for in every later reply.

use connector_host::clock::Clock;
use connector_host::outbound::{Errand, Outbound, OutboundConfig};
use connector_host::secret::Secrets;

use crate::forge::{Forge, get};
use crate::make;
use crate::neighbour::{Neighbour, config, context};
use crate::server::{Server, ok};
use crate::ways::caller;

#[tokio::test]
async fn a_token_of_eight_mebibytes_is_no_token() {
    // Nearly every spelling of these characters is longer than they are: written in all of them it would be more than a gigabyte.
    let value = "\\/\\\"é<".repeat(8 * 1024 * 1024 / 7);
    let giant = ok(format!(r#"{{"token":"{value}"}}"#).as_bytes());
    let server = Server::start(move |request| if request.contains("GET /token ") { giant.clone() } else { ok(b"hello") }).await;
    let caller = caller(&make::descriptor(), Some(&server.origin()), Secrets::default());
    let errand = Errand::new(Outbound::new(OutboundConfig::default(), Clock::system()).unwrap(), caller);
    let neighbour = Neighbour::in_a(config()).await;
    let asks = |path: &'static str| Forge::new().with("check", move |scene| scene.ask(&get(path)));
    let (greedy, honest) = (asks("/token").component(), asks("/read").component());
    let (greedy, honest) = (neighbour.sandbox.admit(&greedy).await.unwrap(), neighbour.sandbox.admit(&honest).await.unwrap());
    let context = context();
    let (outcome, ()) = tokio::join!(greedy.check(&context, errand.clone()), neighbour.is_served());
    assert_eq!(outcome.result.unwrap().unwrap_err().code, "too-large");
    assert_eq!((outcome.logs.len(), outcome.usage.reply_bytes), (0, 0), "the guest is given nothing of it");
    assert!(errand.captured().is_empty(), "and the host keeps nothing");
    // The next reply on the same way is not searched for it.
    let outcome = honest.check(&context, errand).await;
    assert_eq!((outcome.result.unwrap().unwrap_err().code.as_str(), outcome.logs[0].text.as_str()), ("answered", "hello"));
}
