//! Phone numbers as Vietnam writes them, and the one form they are compared in.
//!
//! Canonical is `0` and nine digits for a mobile, after `+84`, `84`, `0084`, a lost zero, spaces and dots, and the change of prefixes of
//! 2018 (eleven digits became ten). Landlines stay as they are, with their zero. Hotlines, masked and foreign numbers have no canonical
//! form and so never match anybody. The raw text is the caller's to keep.

/// What a text with a phone in it turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phone {
    /// A mobile or landline in canonical form.
    Number(String),
    /// A marketplace blanked digits out.
    Masked,
    /// Nothing there.
    Missing,
    /// Something else: a hotline, a foreign number, a word.
    Other,
}

/// Prefixes of eleven-digit mobiles until 2018, without the zero, and what each became.
const MOVED: [(&str, &str); 21] = [
    ("162", "32"),
    ("163", "33"),
    ("164", "34"),
    ("165", "35"),
    ("166", "36"),
    ("167", "37"),
    ("168", "38"),
    ("169", "39"),
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
    ("186", "56"),
    ("188", "58"),
    ("199", "59"),
];

/// Reads the first number of a field that may hold several.
#[must_use]
pub fn read(raw: &str) -> Phone {
    if raw.trim().is_empty() {
        return Phone::Missing;
    }
    let mut masked = false;
    for part in raw.split(['/', ',', ';', '|', '\n']).flat_map(|it| it.split("hoặc")) {
        // A dash with spaces stands inside a number as well as between two.
        for piece in std::iter::once(part).chain(part.split(" - ")) {
            if is_masked(piece) {
                masked = true;
            } else if let Some(number) = number(piece) {
                return Phone::Number(number);
            }
        }
        if let Some(number) = part.split([' ', '\u{a0}', '-']).find_map(alone) {
            return Phone::Number(number);
        }
    }
    if masked { Phone::Masked } else { Phone::Other }
}

/// The canonical form, where there is one.
#[must_use]
pub fn canonical(raw: &str) -> Option<String> {
    match read(raw) {
        Phone::Number(number) => Some(number),
        _ => None,
    }
}

/// Stars anywhere, or another sign that stands for a digit: one with a digit, or another such sign, on both sides.
fn is_masked(part: &str) -> bool {
    let (mut before, mut sign, mut digit) = (false, false, false);
    for it in part.chars() {
        let masks = matches!(it, 'x' | 'X' | '•' | '#');
        digit |= it.is_ascii_digit();
        let stands = masks || it.is_ascii_digit();
        if it == '*' || (sign && stands && digit) {
            return true;
        }
        (sign, before) = (masks && before, stands);
    }
    false
}

/// A whole number beside other words. It begins as one is dialled: the end of a hotline, or of a number abroad, is none.
fn alone(word: &str) -> Option<String> {
    let word = word.trim_start_matches(|it: char| !it.is_ascii_digit() && it != '+');
    let dialled = ["0", "84", "+84"].iter().any(|it| word.starts_with(it));
    if dialled && !is_masked(word) { number(word) } else { None }
}

fn number(part: &str) -> Option<String> {
    let part = part.trim();
    let digits: String = part.chars().filter(char::is_ascii_digit).collect();
    let foreign = part.starts_with('+') && !digits.starts_with("84");
    if foreign || digits.len() < 9 {
        return None;
    }
    let local = if let Some(rest) = digits.strip_prefix("0084") {
        rest
    } else if let Some(rest) = digits.strip_prefix("84").filter(|it| it.len() >= 9) {
        rest
    } else {
        digits.as_str()
    };
    // `+84 (0)912…` keeps the zero that a caller inside the country would dial.
    let subscriber = local.strip_prefix('0').unwrap_or(local);
    match (subscriber.len(), subscriber.as_bytes().first()?) {
        (9, b'3' | b'5' | b'7' | b'8' | b'9') | (9 | 10, b'2') => Some(with_zero("", subscriber)),
        (10, b'1') => {
            let (old, rest) = (subscriber.get(..3)?, subscriber.get(3..)?);
            let (_, new) = MOVED.iter().find(|(from, _)| *from == old)?;
            Some(with_zero(new, rest))
        }
        _ => None,
    }
}

fn with_zero(prefix: &str, rest: &str) -> String {
    let mut number = String::with_capacity(1 + prefix.len() + rest.len());
    number.push('0');
    number.push_str(prefix);
    number.push_str(rest);
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is(raw: &str, canonical: &str) {
        assert_eq!(read(raw), Phone::Number(canonical.to_owned()), "{raw}");
    }

    #[test]
    fn every_way_to_write_a_mobile_is_one_number() {
        for raw in [
            "0912345678",
            "+84912345678",
            "84912345678",
            "0084912345678",
            "912345678",
            "091 234 5678",
            "0912.345.678",
            "0912-345-678",
            "(+84) 912 345 678",
            "+84 (0)912 345 678",
            "ĐT: 0912345678",
            "0912345678 / 0987654321",
            "\u{a0}0912345678 ",
        ] {
            is(raw, "0912345678");
        }
    }

    #[test]
    fn the_prefixes_of_2018_are_moved() {
        for (old, new) in [
            ("01621234567", "0321234567"),
            ("01691234567", "0391234567"),
            ("01201234567", "0701234567"),
            ("01211234567", "0791234567"),
            ("01221234567", "0771234567"),
            ("01261234567", "0761234567"),
            ("01281234567", "0781234567"),
            ("01231234567", "0831234567"),
            ("01241234567", "0841234567"),
            ("01251234567", "0851234567"),
            ("01271234567", "0811234567"),
            ("01291234567", "0821234567"),
            ("01861234567", "0561234567"),
            ("01881234567", "0581234567"),
            ("01991234567", "0591234567"),
        ] {
            is(old, new);
            is(&format!("+84{}", &old[1..]), new);
            is(&old[1..], new);
        }
    }

    #[test]
    fn a_mobile_of_prefix_084_that_lost_its_zero_is_not_a_country_code() {
        is("841234567", "0841234567");
    }

    #[test]
    fn landlines_stay_as_they_are() {
        is("024 3825 1234", "02438251234");
        is("0283 825 123", "0283825123");
        is("+84 24 3825 1234", "02438251234");
    }

    #[test]
    fn masked_missing_and_odd_numbers_match_nobody() {
        for raw in ["091****678", "*****", "09xxxxx678", "0912•••678"] {
            assert_eq!(read(raw), Phone::Masked, "{raw}");
        }
        for raw in ["", "  "] {
            assert_eq!(read(raw), Phone::Missing);
        }
        for raw in ["19001234", "1900 123456", "18001091", "+1 650 253 0000", "không có", "0161 123 4567", "12345"] {
            assert_eq!(read(raw), Phone::Other, "{raw}");
        }
    }

    #[test]
    fn a_second_number_is_used_when_the_first_is_none() {
        is("19001234, 0912345678", "0912345678");
    }

    #[test]
    fn of_two_numbers_in_one_field_the_first_is_read_and_never_both_as_one() {
        for raw in [
            "0912345678 - 0987654321",
            "0912.345.678 - 0987.654.321",
            "0912 - 345 - 678 hoặc 0987654321",
            "0912345678 0987654321",
            "+84912345678 0987654321",
            "84912345678 0987654321",
            "0912345678-0987654321",
            "0912345678 hoặc 0987654321",
            "ĐT (0912345678) (0987654321)",
            "098****321 - 0912345678",
            "1900 1234 - 091 234 5678",
        ] {
            is(raw, "0912345678");
        }
        // A part of a hotline, or of a number abroad, is no number.
        for raw in ["1900 1234 567 890", "+1 2025550123", "001 2025550123", "0912 345 67"] {
            assert_eq!(read(raw), Phone::Other, "{raw}");
        }
    }

    #[test]
    fn a_letter_or_a_sign_beside_a_number_masks_nothing() {
        for raw in ["0912345678 (anh Xuân)", "Chị Xoan 0912345678", "#0912345678", "0912345678 x", "0912345678 (nhà #12)"] {
            is(raw, "0912345678");
        }
        for raw in ["091234567*8 09", "091xxx5678", "0912345xxx", "xxxxx45678", "091#####78", "0912 345 XXX", "0912••••78"] {
            assert_eq!(read(raw), Phone::Masked, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_fails_and_a_canonical_number_stays_itself(raw in "\\PC{0,24}") {
            if let Some(number) = canonical(&raw) {
                prop_assert!(number.starts_with('0') && (10..=11).contains(&number.len()));
                prop_assert_eq!(canonical(&number), Some(number.clone()));
            }
        }

        #[test]
        fn any_mobile_survives_every_prefix(subscriber in "[35789][0-9]{8}", prefix in prop::sample::select(vec!["0", "+84", "84", "0084", ""])) {
            prop_assert_eq!(canonical(&format!("{prefix}{subscriber}")), Some(format!("0{subscriber}")));
        }
    }
}
