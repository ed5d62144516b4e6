//! What is Vietnamese about the data: phones, whole dong, the one time zone, combining accents, addresses in two schemes.
//!
//! Nothing here knows Nhanh or Nobi, and nothing here may change what a merchant wrote beyond its form.

pub mod address;
pub mod money;
pub mod phone;
pub mod place;
pub mod text;
pub mod time;
