//! Text that a guest wrote, made safe to keep and to show: short, and on one line. Never judges what it says.

/// At most so many bytes of it, cut on a character, with control characters escaped.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::with_capacity(text.len().min(limit));
    for character in text.chars() {
        let escaped = is_unsafe(character);
        let width = if escaped { character.escape_unicode().count() } else { character.len_utf8() };
        if line.len() + width > limit {
            break;
        }
        if escaped { line.extend(character.escape_unicode()) } else { line.push(character) }
    }
    line
}

/// Whether [`one_line`] would give the text back as it is.
pub(super) fn is_one_line(text: &str, limit: usize) -> bool {
    text.len() <= limit && !text.chars().any(is_unsafe)
}

/// Control characters, line separators, and what turns the direction of the text around it: the marks, embeddings, overrides and isolates.
fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_on_a_character_and_its_control_characters_are_escaped() {
        assert_eq!(one_line("a\nđđđ", 12), "a\\u{a}đđđ");
        assert_eq!(one_line("0123456789ađ", 12), "0123456789a");
        assert_eq!(one_line("\u{61c}\u{200e}\u{200f}", 100), "\\u{61c}\\u{200e}\\u{200f}");
        // What joins letters, in scripts that need it and in emoji, is no such mark.
        assert_eq!(one_line("\u{200c}\u{200d}", 100), "\u{200c}\u{200d}");
        assert_eq!(one_line("a\u{202e}b\u{1b}[31m", 100), "a\\u{202e}b\\u{1b}[31m");
    }

    #[test]
    fn what_is_one_line_is_left_as_it_is() {
        for text in ["", "Đơn hàng đã gửi.", "a\tb", "a\u{2028}b", "0123456789abc"] {
            assert_eq!(is_one_line(text, 32), one_line(text, 32) == text, "{text:?}");
        }
        assert!(!is_one_line("abcd", 3));
    }
}
