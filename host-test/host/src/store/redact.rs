//! Finds what names one person in texts that others wrote, and takes it out of them: phones in every spelling, names, addresses. Knows no
//! table, and never touches a text that does not name the person.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

/// What stands where a person was named.
const BLANK: &str = "…";
/// Digits of a phone behind its country or trunk prefix, at the least: fewer would be found in anything.
const LEAST: usize = 8;

/// The digits that make a phone number the same, whatever is written before and between them: `0912 345 678`, `+84912345678` and `912345678`
/// are one. The eleven-digit mobile numbers of before 2018 are what they became. None: too short to be told from other numbers.
pub(crate) fn phone_key(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let bare = digits
        .strip_prefix("0084")
        .or_else(|| digits.strip_prefix("84").filter(|rest| rest.len() > LEAST))
        .or_else(|| digits.strip_prefix('0'))
        .unwrap_or(&digits);
    let key = of_today(bare.strip_prefix('0').unwrap_or(bare));
    (key.len() >= LEAST).then_some(key)
}

/// Mobile prefixes as they were until 2018-09-15, and what they became, both without the leading 0. A connector has such a table as well: the
/// host depends on none, and has to find a person whatever a connector made of the number.
const CHANGED: [(&str, &str); 21] = [
    ("120", "70"),
    ("121", "79"),
    ("122", "77"),
    ("126", "76"),
    ("128", "78"),
    ("123", "83"),
    ("124", "84"),
    ("125", "85"),
    ("127", "81"),
    ("129", "82"),
    ("162", "32"),
    ("163", "33"),
    ("164", "34"),
    ("165", "35"),
    ("166", "36"),
    ("167", "37"),
    ("168", "38"),
    ("169", "39"),
    ("186", "56"),
    ("188", "58"),
    ("199", "59"),
];

fn of_today(bare: &str) -> String {
    let changed = CHANGED.iter().find(|(old, _)| bare.len() == 10 && bare.starts_with(old));
    match changed {
        Some((old, new)) => format!("{new}{}", bare.get(old.len()..).unwrap_or_default()),
        None => bare.to_owned(),
    }
}

/// What names one person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needles {
    /// Phones, as [`phone_key`] gives them.
    phones: BTreeSet<String>,
    /// Names, addresses, e-mail addresses: composed, in small letters.
    texts: BTreeSet<Vec<char>>,
}

impl Needles {
    /// Adds a phone. What is too short is left out.
    pub(crate) fn phone(&mut self, text: &str) {
        self.phones.extend(phone_key(text));
    }

    /// Adds a name or another text that is the person's alone.
    pub(crate) fn text(&mut self, text: &str) {
        let text = text.trim();
        if text.chars().count() > 1 {
            self.texts.insert(text.nfc().map(small).collect());
        }
    }

    /// The phones alone: for records of other people, who may well have the same name.
    pub(crate) fn phones_alone(&self) -> Needles {
        Needles { phones: self.phones.clone(), texts: BTreeSet::new() }
    }

    /// Without what many people are called and many texts hold: single words.
    pub(crate) fn telling(&self) -> Needles {
        let telling = |text: &&Vec<char>| text.contains(&' ') || text.contains(&'@');
        Needles { phones: self.phones.clone(), texts: self.texts.iter().filter(telling).cloned().collect() }
    }

    /// Whether this phone is one of the person's.
    pub(crate) fn is_phone(&self, text: &str) -> bool {
        phone_key(text).is_some_and(|key| self.phones.contains(&key))
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.phones.is_empty() && self.texts.is_empty()
    }

    /// The text without the person; none where it does not name the person.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let chars: Vec<char> = text.nfc().collect();
        let mut spans = self.phone_spans(&chars);
        let smalls: Vec<char> = chars.iter().copied().map(small).collect();
        spans.extend(self.texts.iter().flat_map(|needle| word_spans(&smalls, needle)));
        if spans.is_empty() {
            return None;
        }
        spans.sort_unstable();
        let (mut out, mut at) = (String::new(), 0);
        for (from, to) in spans {
            if to <= at {
                continue;
            }
            out.extend(chars.get(at..from.max(at)).unwrap_or_default());
            out.push_str(BLANK);
            at = to;
        }
        out.extend(chars.get(at..).unwrap_or_default());
        Some(out)
    }

    /// Takes the person out of every text of a JSON value, and out of numbers that are the phone. Says whether anything was there.
    pub(crate) fn redact(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.redacted(text) {
                Some(redacted) => {
                    *text = redacted;
                    true
                }
                None => false,
            },
            Value::Number(number) if self.is_phone(&number.to_string()) => {
                *value = Value::Null;
                true
            }
            Value::Array(items) => items.iter_mut().fold(false, |found, item| self.redact(item) | found),
            Value::Object(fields) => fields.values_mut().fold(false, |found, item| self.redact(item) | found),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Where a phone stands: digits with nothing between them but what people write there.
    fn phone_spans(&self, chars: &[char]) -> Vec<(usize, usize)> {
        let mut spans = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let run = chars.iter().skip(at).take_while(|it| is_of_a_phone(**it)).count();
            let digits: Vec<(usize, char)> =
                chars.iter().copied().enumerate().skip(at).take(run).filter(|(_, it)| it.is_ascii_digit()).collect();
            spans.extend(self.phones_among(&digits));
            at += run.max(1);
        }
        spans
    }

    /// The stretches of these digits that are a phone: the longest first, so that its prefix goes along.
    fn phones_among(&self, digits: &[(usize, char)]) -> Vec<(usize, usize)> {
        let mut spans = Vec::new();
        let mut first = 0;
        while first < digits.len() {
            let found = (LEAST..=15).rev().find_map(|length| {
                let window = digits.get(first..first + length)?;
                let text: String = window.iter().map(|(_, digit)| *digit).collect();
                (self.phones.contains(&phone_key(&text)?)).then(|| (window.first(), window.last(), length))
            });
            match found {
                Some((Some((from, _)), Some((to, _)), length)) => {
                    spans.push((*from, to + 1));
                    first += length;
                }
                _ => first += 1,
            }
        }
        spans
    }
}

fn is_of_a_phone(it: char) -> bool {
    it.is_ascii_digit() || matches!(it, ' ' | '.' | '-' | '(' | ')' | '\u{a0}')
}

fn small(it: char) -> char {
    // Vietnamese letters have one small letter each.
    it.to_lowercase().next().unwrap_or(it)
}

/// Where a needle stands as whole words.
fn word_spans(chars: &[char], needle: &[char]) -> Vec<(usize, usize)> {
    let is_word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|it| it.is_alphanumeric());
    let found = chars.windows(needle.len().max(1)).enumerate().filter(|(_, window)| *window == needle);
    let spans = found.map(|(from, _)| (from, from + needle.len()));
    spans.filter(|(from, to)| !is_word(from.checked_sub(1)) && !is_word(Some(*to))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn needles(phone: &str, names: &[&str]) -> Needles {
        let mut needles = Needles::default();
        needles.phone(phone);
        names.iter().for_each(|name| needles.text(name));
        needles
    }

    #[test]
    fn one_phone_in_every_spelling_is_one_phone() {
        for spelling in ["0912345678", "+84912345678", "84 912 345 678", "0084912345678", "912.345.678", "(091) 234-5678", "+84 0912345678"]
        {
            assert_eq!(phone_key(spelling).as_deref(), Some("912345678"), "{spelling}");
        }
        assert_eq!(phone_key("01681234567"), phone_key("0381234567"), "the eleven digits of before 2018");
        assert_eq!(phone_key("01991234567"), phone_key("0591234567"));
        assert_eq!(phone_key("1900 12"), None, "too short to be a person's");
    }

    #[test]
    fn a_phone_goes_out_of_a_text_with_its_prefix_and_other_phones_stay() {
        let needles = needles("0912345678", &[]);
        for (before, after) in [
            ("gọi 0912345678 nhé", "gọi … nhé"),
            ("+84 912 345 678/0987654321", "+…/0987654321"),
            ("0987654321 0912.345.678 0901234567", "0987654321 … 0901234567"),
            ("84912345678", "…"),
        ] {
            assert_eq!(needles.redacted(before).as_deref(), Some(after), "{before}");
        }
        for other in ["0987654321", "id 91234567", "", "12 Lê Lợi"] {
            assert_eq!(needles.redacted(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_goes_as_whole_words_whatever_its_letters_and_its_encoding() {
        let needles = needles("0912345678", &["Lê Thị Mơ", "An"]);
        assert_eq!(needles.redacted("chị LÊ THỊ MƠ đổi ý").as_deref(), Some("chị … đổi ý"));
        let decomposed: String = "Lê Thị Mơ".nfd().collect();
        assert_eq!(needles.redacted(&decomposed).as_deref(), Some("…"));
        assert_eq!(needles.redacted("Lê Thị Mơn"), None);
        assert_eq!(needles.redacted("Anh ở Lan Anh"), None);
        assert_eq!(needles.redacted("của An").as_deref(), Some("của …"));
        assert_eq!(needles.telling().redacted("của An"), None, "one word is what many are called");
    }

    #[test]
    fn a_value_keeps_its_shape() {
        let mut value = json!({ "phone": "0912 345 678", "number": 912345678, "lines": [{ "note": "cho Lê Thị Mơ" }], "sum": 5 });
        assert!(needles("0912345678", &["Lê Thị Mơ"]).redact(&mut value));
        assert_eq!(value, json!({ "phone": "…", "number": null, "lines": [{ "note": "cho …" }], "sum": 5 }));
        assert!(!needles("0912345678", &[]).redact(&mut value));
    }
}
