//! Components that lie about what they are: a descriptor that would lead the host's requests, secrets or patience astray.

use connector_host::contract::types::Message;
use connector_host::contract::{Capture, Descriptor, Endpoint, Pace, Placement, Splice, Term};
use connector_host::sandbox::AdmissionError;

use crate::forge::Forge;
use crate::make;
use crate::neighbour::Neighbour;

fn far(descriptor: &mut Descriptor) -> &mut Endpoint {
    &mut descriptor.endpoints[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lying_descriptor_is_refused_where_it_lies() {
    let neighbour = Neighbour::new().await;
    let capture = |secret: &str| Capture { secret: secret.to_owned(), pointers: vec!["/x".to_owned()] };
    let splice = |secret: &str, name: &str| Splice { secret: secret.to_owned(), placement: Placement::Header, name: name.to_owned() };
    let term = Term { table: "t".to_owned(), code: "c".to_owned(), label: make::words("x") };
    type Lie = Box<dyn Fn(&mut Descriptor)>;
    let lies: Vec<(&str, Lie)> = vec![
        ("endpoints", Box::new(|it| far(it).origin = "http://far.example".to_owned())),
        ("endpoints", Box::new(|it| far(it).origin = "https://127.0.0.1".to_owned())),
        ("endpoints", Box::new(|it| far(it).origin = "https://[::ffff:169.254.169.254]".to_owned())),
        ("endpoints", Box::new(|it| far(it).origin = "https://3232235521".to_owned())),
        ("endpoints", Box::new(|it| far(it).origin = "https://user:password@far.example".to_owned())),
        ("endpoints", Box::new(|it| far(it).origin = "file:///etc/passwd".to_owned())),
        ("endpoints", Box::new(|it| far(it).routes[0].path_prefix = "/..".to_owned())),
        ("endpoints.far.routes[0].pace", Box::new(|it| far(it).routes[0].pace = Some(Pace { requests: 0, window_ms: 1 }))),
        ("endpoints.far.routes[0].pace", Box::new(|it| far(it).routes[0].pace = Some(Pace { requests: u32::MAX, window_ms: 1 }))),
        ("endpoints.far.routes[0].captures", Box::new(move |it| far(it).routes[0].captures.push(capture("verify-token")))),
        ("endpoints.far.routes[0].splices", Box::new(move |it| far(it).routes[0].splices.push(splice("another-tenant-s", "X-A")))),
        ("endpoints", Box::new(move |it| far(it).routes[0].splices.push(splice("access-token", "Host")))),
        ("id", Box::new(|it| it.id = "../../etc".to_owned())),
        ("name", Box::new(|it| it.name = make::words("Nhanh\u{202e}\u{1b}[2J"))),
        ("glossary", Box::new(move |it| it.glossary = vec![term.clone(); 10_000])),
        ("form.app-id.help", Box::new(|it| it.form[0].help = Message { vi: "x".repeat(1_000_000), ..make::words("") })),
        ("webhooks.secret", Box::new(|it| it.webhooks.as_mut().unwrap().secret = "app-id".to_owned())),
    ];
    for (place, lie) in lies {
        let mut forged = Forge::new();
        lie(&mut forged.descriptor);
        forged.pages = 128;
        let bytes = forged.component();
        let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(&bytes).await).await;
        match admitted.err().unwrap() {
            AdmissionError::Descriptor { place: found, .. } => assert_eq!(found, place),
            other => panic!("{place}: {other}"),
        }
    }
}
