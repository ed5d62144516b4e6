//! Branches: a depot of Nhanh's is a branch of Nobi's.
//!
//! Nobi needs a phone and a representative; Nhanh may have no phone and never has a representative. What is absent stays absent here: the host
//! fills the connection's defaults in, and only it knows whether one was written.

use crate::settings::Settings;
use crate::wit::catalog::Branch;
use crate::wit::types::{Message, Warning};

/// Says that the grant does not cover a depot that is listed all the same. A grant that names none covers them all.
#[must_use]
pub fn outside(branch: &Branch, settings: Settings<'_>) -> Option<Warning> {
    let covered = settings.account().map_or(&[][..], |it| it.branches.as_slice());
    if covered.is_empty() || covered.contains(&branch.id) {
        return None;
    }
    let message = Message::new(
        "Kho {branch} nằm ngoài các kho được cấp quyền: không gửi được đơn từ kho này. Đăng nhập lại và chọn thêm kho này nếu cần.",
        "Depot {branch} lies outside the grant: no order can go out from it. Log in again with this depot if it is needed.",
    );
    Some(Warning::new("branch.outside-grant", message.with("branch", &branch.name)).about(branch.id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    fn depot(id: &str) -> Branch {
        Branch { id: id.to_owned(), name: format!("Kho {id}"), code: None, phone: None, representative: None, address: None }
    }

    #[test]
    fn a_depot_outside_the_grant_is_named_and_one_inside_is_not() {
        let mut context = context();
        let told = |context: &_, id: &str| outside(&depot(id), Settings::of(context)).map(|it| (it.code, it.subject));
        assert_eq!(told(&context, "7"), None, "a grant without a list covers all");
        context.account.as_mut().unwrap().branches = vec!["7".to_owned()];
        assert_eq!(told(&context, "7"), None);
        assert_eq!(told(&context, "8"), Some(("branch.outside-grant".to_owned(), Some("8".to_owned()))));
        let named = outside(&depot("8"), Settings::of(&context)).unwrap().message;
        assert!(named.arguments.iter().any(|it| it.value == "Kho 8"), "{named:?}");
    }
}
