//! Text: Unicode normal form C, trimming, cutting on a character, comparing.
//!
//! Vietnamese text arrives composed and combining (`ế` as one character or as three); equal names then compare unequal. Whatever comes
//! in goes through [`tidy`]. It must never fold tone placement (`hoà`, `hòa`) or strip accents: those are different words to a merchant.

use std::borrow::Cow;

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};

/// Without white space at its ends. Nearly every text begins and ends with a character that is surely none, which one look tells.
#[must_use]
pub fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Trimmed and in normal form C. Borrows where nothing changes, which is nearly always.
#[must_use]
pub fn tidy(text: &str) -> Cow<'_, str> {
    let text = trim(text);
    if surely_composed(text) { Cow::Borrowed(text) } else { Cow::Owned(composed(text)) }
}

/// A name as people read it: tidied, and every run of white space inside it one space.
#[must_use]
pub fn one_spaced(text: &str) -> String {
    let text = tidied(text);
    let even = text.chars().try_fold(' ', |before, it| if it.is_whitespace() && (it != ' ' || before == ' ') { None } else { Some(it) });
    if even.is_some() {
        return text;
    }
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    spaced
}

/// [`tidy`], owned.
#[must_use]
pub fn tidied(text: &str) -> String {
    tidy(text).into_owned()
}

/// Nothing that cannot be seen: no control characters, and none that turn the direction of what follows (U+202A–U+202E, U+2066–U+2069).
/// White space is one space between words, but for the ends of lines where the field has several.
#[must_use]
pub fn shown(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\n' if lines => {
                shown.truncate(shown.trim_end_matches(' ').len());
                shown.push('\n');
            }
            it if it.is_whitespace() => {
                if !shown.ends_with([' ', '\n']) {
                    shown.push(' ');
                }
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            it if it.is_control() => {}
            it => shown.push(it),
        }
    }
    tidied(&shown)
}

/// Every character is one that no composition changes: ASCII, Latin without combining marks, Vietnamese precomposed letters and
/// general punctuation. Others go the slow, exact way.
fn surely_composed(text: &str) -> bool {
    text.is_ascii() || text.chars().all(|it| matches!(it, '\0'..='\u{2ff}' | '\u{1e00}'..='\u{1eff}' | '\u{2002}'..='\u{206f}'))
}

/// Normal form C, by the library's parts for it: its iterator would bring the tables of the compatibility forms along, 100 KB of them.
fn composed(text: &str) -> String {
    let mut apart: Vec<(u8, char)> = Vec::with_capacity(text.len());
    for it in text.chars() {
        decompose_canonical(it, |part| {
            let class = canonical_combining_class(part);
            // Marks between two starters stand in the order of their classes; there are rarely more than two.
            let behind = apart.iter().rev().take_while(|(before, _)| class != 0 && *before > class).count();
            apart.insert(apart.len() - behind, (class, part));
        });
    }
    let mut together: Vec<(u8, char)> = Vec::with_capacity(apart.len());
    let mut starter: Option<usize> = None;
    for (class, part) in apart {
        let last = together.last().map_or(0, |(class, _)| *class);
        let composed = starter.and_then(|at| {
            // A mark of the same class, or another starter with a mark before it, stands in the way.
            let next_to = at + 1 == together.len();
            let (_, base) = together.get_mut(at)?;
            if !next_to && (last == 0 || last >= class) {
                return None;
            }
            *base = compose(*base, part)?;
            Some(())
        });
        if composed.is_none() {
            if class == 0 {
                starter = Some(together.len());
            }
            together.push((class, part));
        }
    }
    together.into_iter().map(|(_, part)| part).collect()
}

/// The longest start of at most `bytes` bytes that ends on a character.
#[must_use]
pub fn cut_bytes(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The first `characters` characters, and whether any were left.
#[must_use]
pub fn cut_characters(text: &str, characters: usize) -> (&str, bool) {
    match text.char_indices().nth(characters) {
        Some((end, _)) => (text.get(..end).unwrap_or_default(), true),
        None => (text, false),
    }
}

/// At least one character, ASCII digits only.
#[must_use]
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// The form in which two texts are compared: composed, trimmed, one space between words, lower case.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in tidy(text).split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// The form in which names of places are compared: folded, and each word's tone after its letters. Both ways of placing a tone are in use
/// for one and the same place; for anything else they may be different words.
#[must_use]
pub fn placed(name: &str) -> String {
    let mut placed = String::with_capacity(name.len() + 8);
    for word in folded(name).split(' ') {
        let mut tone = None;
        for it in word.chars() {
            decompose_canonical(it, |part| match part {
                '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}' => tone = Some(part),
                _ => placed.push(part),
            });
        }
        placed.extend(tone);
        placed.push(' ');
    }
    placed.pop();
    placed
}

/// What another system says, made fit for a message: digits that could be a phone and e-mail addresses are blanked, as is every one of
/// `personal` that occurs in it.
#[must_use]
pub fn without_personal_data(said: &str, personal: &[&str]) -> String {
    let mut said = tidied(said);
    for secret in personal.iter().map(|it| tidy(it)).filter(|it| it.chars().count() > 1) {
        if said.contains(secret.as_ref()) {
            said = said.replace(secret.as_ref(), "…");
        }
    }
    let mut clean = String::with_capacity(said.len());
    for word in cut_bytes(&said, 240).split_whitespace() {
        if !clean.is_empty() {
            clean.push(' ');
        }
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        if word.contains('@') || digits >= 8 {
            clean.push('…');
        } else {
            clean.push_str(word);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn places_are_compared_without_the_place_of_the_tone() {
        for (one, other) in [("Khánh Hoà", "khánh  hòa"), ("Thuỷ Nguyên", "Thủy Nguyên"), ("Quỳnh", "Qùynh")] {
            assert_eq!(placed(one), placed(other), "{one}");
        }
        assert_ne!(placed("Hoa"), placed("Hòa"));
        assert_ne!(placed("Tân Bình"), placed("Tấn Bình"));
    }

    #[test]
    fn combining_and_composed_names_become_equal() {
        let combining = "A\u{301}o thun \u{110}o\u{309}";
        assert_eq!(tidy(combining), "Áo thun Đỏ");
        assert!(matches!(tidy(" Áo thun Đỏ "), Cow::Borrowed("Áo thun Đỏ")));
    }

    #[test]
    fn what_counts_as_surely_composed_is_in_normal_form_c() {
        for it in ('\0'..='\u{2ff}').chain('\u{1e00}'..='\u{1eff}').chain('\u{2002}'..='\u{206f}') {
            let text = it.to_string();
            assert_eq!(text.nfc().collect::<String>(), text, "{:x}", it as u32);
        }
    }

    #[test]
    fn a_name_has_one_space_between_words() {
        for text in ["Áo thun  Đỏ", "\tÁo\u{a0}thun \n Đỏ ", "Áo thun Đỏ"] {
            assert_eq!(one_spaced(text), "Áo thun Đỏ", "{text:?}");
        }
        assert_eq!(one_spaced(" "), "");
    }

    #[test]
    fn what_cannot_be_seen_is_taken_out_and_words_stand_one_space_apart() {
        assert_eq!(shown(" Nguyễn\r\n Văn\u{a0}\u{202e} A\u{0}\u{2066}\u{7}\t", false), "Nguyễn Văn A");
        assert_eq!(shown("Gọi  trước \r\n\n 8h\u{202a} sáng ", true), "Gọi trước\n\n8h sáng");
        assert_eq!(shown("A\u{301}o", false), "Áo");
    }

    #[test]
    fn text_is_cut_on_a_character() {
        assert_eq!(cut_bytes("Đỏ", 3), "Đ");
        assert_eq!(cut_characters("Đỏ tươi", 2), ("Đỏ", true));
        assert_eq!(cut_characters("Đỏ", 2), ("Đỏ", false));
    }

    #[test]
    fn comparing_ignores_case_spaces_and_composition() {
        assert_eq!(folded("  ĐỒNG   Hồ "), folded("đo\u{302}\u{300}ng hồ"));
        assert_ne!(folded("hoà"), folded("hòa"));
    }

    #[test]
    fn what_nhanh_says_loses_people() {
        let said = "Khách Nguyễn Văn A (0912345678, a@b.vn) bị chặn";
        assert_eq!(without_personal_data(said, &["Nguyễn Văn A"]), "Khách … … … bị chặn");
    }

    proptest! {
        #[test]
        fn any_text_comes_out_as_the_library_would_have_it(text in "[a-zăâêôơưđĂÂÊÔƠƯĐạằ가각\u{1100}\u{1161}\u{11a8}\u{300}-\u{345}\u{5b0}-\u{5c7}\u{958}\u{93c}\u{212b}]{0,12}|\\PC{0,16}") {
            prop_assert_eq!(tidied(&text), text.trim().nfc().collect::<String>());
        }
    }
}
