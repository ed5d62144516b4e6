//! Webhooks that a test writes itself: late, forged, in another spelling. The proof stands where the version of the app's webhooks has it, in
//! 2.0's body or in 3.0's header; what a delivery says comes from the simulator and is never made up here.

use nhanh_sim::Dialect;
use serde_json::{Value, json};

/// Where 2.0 has the proof.
const TOKEN: &str = "webhooksVerifyToken";

/// A delivery before it is posted.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The version of the webhooks.
    pub dialect: Dialect,
    /// The body, without the proof.
    pub body: Value,
    /// The proof: a text, unless a test makes it something else.
    pub proof: Option<Value>,
}

impl Delivery {
    /// A delivery of this body, which may hold 2.0's proof, with this one instead.
    pub fn new(dialect: Dialect, mut body: Value, proof: impl Into<Value>) -> Delivery {
        if let Some(body) = body.as_object_mut() {
            body.remove(TOKEN);
        }
        Delivery { dialect, body, proof: Some(proof.into()) }
    }

    /// The same with another proof.
    #[must_use]
    pub fn proven_by(self, proof: impl Into<Value>) -> Delivery {
        Delivery { proof: Some(proof.into()), ..self }
    }

    /// The same without a proof.
    #[must_use]
    pub fn unproven(self) -> Delivery {
        Delivery { proof: None, ..self }
    }

    /// What is posted.
    pub fn bytes(&self) -> Vec<u8> {
        let mut body = self.body.clone();
        if let (Dialect::V2, Some(proof), Some(body)) = (self.dialect, &self.proof, body.as_object_mut()) {
            body.insert(TOKEN.to_owned(), proof.clone());
        }
        body.to_string().into_bytes()
    }

    /// The same facts in another spelling: the keys in another order, other white space.
    pub fn respelt(&self) -> Vec<u8> {
        let mut members: Vec<(String, Value)> =
            self.body.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
        members.extend(self.proof.iter().filter(|_| self.dialect == Dialect::V2).map(|proof| (TOKEN.to_owned(), proof.clone())));
        let members: Vec<String> = members.into_iter().rev().map(|(key, value)| format!("\n  {} :  {value}", json!(key))).collect();
        format!("{{{} }}\n", members.join(" ,")).into_bytes()
    }

    /// The header that goes with it.
    pub fn authorization(&self) -> Option<String> {
        let proof = self.proof.as_ref().filter(|_| self.dialect == Dialect::V3)?;
        Some(proof.as_str().map_or_else(|| proof.to_string(), str::to_owned))
    }
}

/// One delivery of what several say of stock: 2.0 keys the records by id, 3.0 lists them.
pub fn batch(deliveries: &[Delivery]) -> Option<Delivery> {
    let (first, others) = deliveries.split_first()?;
    let mut whole = first.clone();
    for other in others {
        match (whole.body.get_mut("data"), other.body.get("data")) {
            (Some(Value::Object(all)), Some(Value::Object(more))) => all.extend(more.clone()),
            (Some(Value::Array(all)), Some(Value::Array(more))) => all.extend(more.clone()),
            _ => return None,
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_stands_in_the_body_of_2_0_and_in_the_header_of_3_0() {
        let second = Delivery::new(Dialect::V2, json!({ "event": "a", "webhooksVerifyToken": "old" }), "new");
        assert_eq!(
            serde_json::from_slice::<Value>(&second.bytes()).unwrap_or_default(),
            json!({ "event": "a", "webhooksVerifyToken": "new" })
        );
        assert_eq!((second.authorization(), second.unproven().bytes()), (None, br#"{"event":"a"}"#.to_vec()));
        let third = Delivery::new(Dialect::V3, json!({ "event": "a" }), "new");
        assert_eq!((third.authorization().as_deref(), third.bytes()), (Some("new"), br#"{"event":"a"}"#.to_vec()));
        assert_eq!(third.unproven().authorization(), None);
    }

    #[test]
    fn another_spelling_says_the_same() {
        let delivery = Delivery::new(Dialect::V2, json!({ "event": "a", "data": { "5": [1] } }), "new");
        assert_ne!(delivery.respelt(), delivery.bytes());
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        assert_eq!(read(&delivery.respelt()), read(&delivery.bytes()));
    }
}
