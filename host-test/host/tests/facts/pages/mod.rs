//! The connection page without a browser: who gets in, what a form needs, what is never shown, and what each button does.

mod accounts;
mod buttons;
mod doors;
mod files;
mod lost;
mod orders;
mod person;
