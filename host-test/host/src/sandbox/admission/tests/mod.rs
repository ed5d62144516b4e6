//! What is refused before anything is compiled, and with which words.

mod described;
mod features;
mod shaped;
