//! A course of things that a printed number fixes: the same number, the same course. Draws numbers, and knows nothing of what they decide.

/// Draws one after the other (xorshift64).
#[derive(Clone, Debug)]
pub struct Course(u64);

impl Course {
    /// The course of this number. Neighbours are spread far apart.
    #[must_use]
    pub fn of(seed: u64) -> Course {
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Course((mixed ^ (mixed >> 31)).max(1))
    }

    /// A number from 0 to below this one, which must not be 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// One of these, if there are any.
    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(of.len()).ok().filter(|count| *count > 0)?;
        of.get(usize::try_from(self.below(count)).ok()?)
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_course_and_another_is_another() {
        let draws = |seed| {
            (0..20)
                .map({
                    let mut course = Course::of(seed);
                    move |_| course.below(1_000)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        assert_ne!(draws(0), draws(1));
    }
}
