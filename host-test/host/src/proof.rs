//! Checks where a webhook's delivery is from, before any guest runs, and takes the proof out of it.
//!
//! The attack: a stranger who posts deliveries (with no proof, with a guessed one, with two of which one is right, with a body that two
//! parsers read differently), or who measures how long a wrong guess takes; and a guest that would learn the secret from a right delivery.
//! The rule: every proof that is there must be right, and there must be one; comparison takes the same time wherever the difference is; a
//! delivery that says a thing twice proves nothing; what goes on holds no proof. Nothing here knows what a delivery means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::contract::http::Pair;
use crate::contract::{WebhookProof, Webhooks};
use crate::pointer::{self, Pointer};
use crate::secret::{Secret, Secrets};

/// Whether a delivery is from whom it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// There is a proof, and every one that is there is right.
    Right,
    /// A proof is there and is not right.
    Wrong,
    /// No proof is there, or the connection has no secret to check one with.
    Absent,
}

/// A delivery after the check.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whether it is from whom it says. Where it is [`Proof::Wrong`], nothing else here is to be used.
    pub proof: Proof,
    /// Headers that a guest may see, names in lower case: what the body is, who sent it, and `x-` headers of the sender's own; no proof.
    pub headers: Vec<Pair>,
    /// The body, every proof in it removed; all else as it was written.
    pub body: Vec<u8>,
    /// The account that the delivery names.
    pub account: Option<String>,
    /// What repeats are known by: [`canonical_hash`] of `body` where the proof is right, else of no use and cheap.
    pub hash: [u8; 32],
}

/// The most headers that a guest is shown.
const HEADERS: usize = 32;
/// The longest value of one of them, in bytes.
const HEADER_BYTES: usize = 1024;
/// What may stand before a token in a header, in letters of either case.
const BEARER: &[u8] = b"Bearer ";
/// Deeper than any delivery; what is deeper is hashed as it was written.
const DEPTH: u32 = 32;

/// Checks a delivery. `secret` is the one that [`Webhooks::secret`](crate::contract::Webhooks) names; an empty one counts as none.
pub fn check(webhooks: &Webhooks, secret: Option<&Secret>, headers: &HeaderMap, body: &[u8]) -> Checked {
    let secret = secret.filter(|secret| !secret.expose().is_empty());
    let mut json = std::str::from_utf8(body).ok().map(str::to_owned);
    let mut verdicts = Vec::new();
    for proof in &webhooks.proofs {
        match proof {
            WebhookProof::TokenInJson(place) => {
                let Some(text) = json.take() else { continue };
                let Some(Ok((found, rest))) = Pointer::parse(place).map(|place| place.take(&text)) else {
                    json = Some(text);
                    continue;
                };
                json = Some(rest);
                verdicts.extend(token_in_json(&found, secret));
            }
            WebhookProof::TokenInHeader(name) => {
                verdicts
                    .extend(in_header(headers, name, |value| secret.is_some_and(|secret| same(value, secret) | same(bare(value), secret))));
            }
            WebhookProof::HmacSha256Base64(name) => {
                verdicts.extend(in_header(headers, name, |value| signed(body, secret, STANDARD.decode(value).ok())));
            }
            WebhookProof::HmacSha256Hex(name) => {
                let decode = |value: &[u8]| data_encoding::HEXLOWER_PERMISSIVE.decode(value).ok();
                verdicts.extend(in_header(headers, name, |value| signed(body, secret, decode(value))));
            }
        }
    }
    let (account, twice) = account(webhooks, json.as_deref());
    let proof = match (secret, verdicts.as_slice()) {
        (None, _) | (_, []) => Proof::Absent,
        (Some(_), verdicts) if verdicts.iter().all(|right| *right) && !twice => Proof::Right,
        (Some(_), _) => Proof::Wrong,
    };
    let mut body = json.map_or_else(|| body.to_vec(), String::into_bytes);
    let mut headers = shown(webhooks, headers);
    if let (Proof::Right | Proof::Absent, Some(secret)) = (proof, secret) {
        // Wherever else the sender wrote it; and a delivery that broke off is no JSON that it could be taken out of.
        let secrets: Secrets = [(webhooks.secret.clone(), secret.clone())].into_iter().collect();
        let scrubber = secrets.scrubber();
        body = scrubber.bytes(body);
        headers.retain(|pair| !scrubber.finds(pair.value.as_bytes()));
    }
    let hash = if proof == Proof::Right { canonical_hash(&body) } else { Sha256::digest(&body).into() };
    Checked { proof, headers, body, account, hash }
}

/// The hash of what a text says: of the JSON with its keys sorted and without its spaces, numbers as they are written; of the bytes, where
/// it is no JSON.
///
/// ```
/// use connector_host::proof::canonical_hash;
/// assert_eq!(canonical_hash(br#"{"a":1,"b":[2,"\u0041"]}"#), canonical_hash(br#"{ "b":[2, "A"], "a":1 }"#));
/// assert_ne!(canonical_hash(b"[9007199254740993]"), canonical_hash(b"[9007199254740992]"));
/// ```
pub fn canonical_hash(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    match std::str::from_utf8(bytes).ok().and_then(|text| serde_json::from_str::<&RawValue>(text).ok()) {
        Some(root) => canonical(root.get(), DEPTH, &mut hash),
        // Bytes and JSON never meet: no JSON begins with 0xff.
        None => {
            hash.update([0xff]);
            hash.update(bytes);
        }
    }
    hash.finalize().into()
}

fn canonical(json: &str, depth: u32, hash: &mut Sha256) {
    let deeper = depth.checked_sub(1);
    match (json.bytes().next(), deeper) {
        (Some(b'{'), Some(deeper)) => {
            let Ok(mut members) = pointer::members(json) else { return hash.update(json) };
            // Stable: a repeated key keeps its order, which may matter to a reader.
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            hash.update("{");
            for (key, value) in members {
                hash.update(pointer::quote(&key).unwrap_or(key));
                hash.update(":");
                canonical(value.get(), deeper, hash);
                hash.update(",");
            }
            hash.update("}");
        }
        (Some(b'['), Some(deeper)) => {
            let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json) else { return hash.update(json) };
            hash.update("[");
            for value in elements {
                canonical(value.get(), deeper, hash);
                hash.update(",");
            }
            hash.update("]");
        }
        (Some(b'"'), _) => match pointer::text(json).and_then(|text| pointer::quote(&text).ok()) {
            Some(text) => hash.update(text),
            None => hash.update(json),
        },
        _ => hash.update(json),
    }
}

/// What the token in the body says; nothing where there is none. `null` is how some writers say "none".
fn token_in_json(found: &[String], secret: Option<&Secret>) -> Option<bool> {
    match found {
        [] => None,
        [one] if one == "null" => None,
        [one] if one.starts_with('"') => {
            let text = pointer::text(one);
            Some(text.is_some_and(|text| secret.is_some_and(|secret| same(text.as_bytes(), secret))))
        }
        // Another kind of value, or the same key twice: nobody can say which one another reader sees.
        _ => Some(false),
    }
}

/// What the proof in a header says; nothing where there is none. A header that comes twice is wrong.
fn in_header(headers: &HeaderMap, name: &str, right: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(values.next().is_none() && right(first.as_bytes()))
}

/// A token without the word that HTTP's own scheme puts before it: some senders write it, some do not.
fn bare(value: &[u8]) -> &[u8] {
    match value.split_at_checked(BEARER.len()) {
        Some((word, token)) if word.eq_ignore_ascii_case(BEARER) => token.trim_ascii_start(),
        _ => value,
    }
}

/// In a time that depends on neither: their hashes are compared, so that not even the length shows.
fn same(given: &[u8], secret: &Secret) -> bool {
    Sha256::digest(given).ct_eq(&Sha256::digest(secret.expose())).into()
}

fn signed(body: &[u8], secret: Option<&Secret>, given: Option<Vec<u8>>) -> bool {
    let (Some(secret), Some(given)) = (secret, given) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
    mac.update(body);
    // Constant time.
    mac.verify_slice(&given).is_ok()
}

/// The account's id, and whether it is said more than once.
fn account(webhooks: &Webhooks, json: Option<&str>) -> (Option<String>, bool) {
    let place = webhooks.account.as_deref().and_then(Pointer::parse);
    let Some((found, _)) = place.zip(json).and_then(|(place, json)| place.take(json).ok()) else { return (None, false) };
    let id = found.first().and_then(|value| pointer::text(value)).filter(|id| !id.is_empty() && id.len() <= 64);
    (id.filter(|_| found.len() == 1), found.len() > 1)
}

/// Headers that say something about the delivery, and none that says how it came here or who may come in.
fn shown(webhooks: &Webhooks, headers: &HeaderMap) -> Vec<Pair> {
    let proves = |name: &str| {
        webhooks.proofs.iter().any(|proof| match proof {
            WebhookProof::TokenInJson(_) => false,
            WebhookProof::TokenInHeader(proof) | WebhookProof::HmacSha256Base64(proof) | WebhookProof::HmacSha256Hex(proof) => {
                proof.eq_ignore_ascii_case(name)
            }
        })
    };
    let about_the_way = ["x-forwarded-", "x-real-ip", "x-client-ip", "x-original-", "x-envoy-", "x-amzn-", "x-amz-", "x-cloud-"];
    let allowed = |name: &str| {
        matches!(name, "content-type" | "user-agent" | "date" | "webhook-id" | "webhook-timestamp")
            || (name.starts_with("x-") && !about_the_way.iter().any(|start| name.starts_with(start)))
    };
    headers
        .iter()
        .filter(|(name, value)| allowed(name.as_str()) && !proves(name.as_str()) && value.len() <= HEADER_BYTES)
        .filter_map(|(name, value)| Some(Pair { name: name.as_str().to_owned(), value: value.to_str().ok()?.to_owned() }))
        .take(HEADERS)
        .collect()
}

#[cfg(test)]
mod tests;
