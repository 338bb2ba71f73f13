//! The user of an image, and the folders that belong to this user.

use crate::spec::{Stage, User};

/// The number of a user that the build creates, and of its group. It is above the numbers that distributions
/// give to services and people. So no other user of a host has this number.
pub const DEFAULT_UID: u32 = 10_001;

/// The default name of the image's user.
const DEFAULT_NAME: &str = "app";

/// Users that base images contain. They are used and not created.
const WELL_KNOWN: [&str; 9] =
    ["root", "nobody", "www-data", "daemon", "nonroot", "node", "nginx", "postgres", "mail"];

/// A user that the base image does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The name of the user and of its group.
    pub name: String,
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

impl NewUser {
    /// The home folder.
    pub fn home(&self) -> String {
        format!("/home/{}", self.name)
    }
}

/// The user of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    /// The value for the image config; `None` to keep the base's user.
    pub(super) config: Option<String>,
    /// The user that the build must create.
    pub(super) create: Option<NewUser>,
    /// The owner of the folders that belong to the image's user.
    pub(super) owner: Option<User>,
}

/// The meaning of `user` for an image.
///
/// The users in the base of an `assembled` image are not known. In such an image, a name stands for a user
/// that the build creates.
pub(super) fn resolve(user: Option<&User>, assembled: bool, default_to_app: bool) -> Identity {
    let default = User::Named { name: DEFAULT_NAME.to_owned(), uid: None, gid: None };
    let user = match user {
        Some(user) => user,
        None if default_to_app => &default,
        None => return Identity::default(),
    };
    match user {
        User::Numeric { uid, gid } => Identity {
            config: Some(format!("{uid}:{}", gid.unwrap_or(0))),
            create: None,
            owner: Some(user.clone()),
        },
        User::Named { name, uid: None, gid: None } if !assembled || WELL_KNOWN.contains(&name.as_str()) => {
            Identity { config: Some(name.clone()), create: None, owner: Some(user.clone()) }
        }
        User::Named { name, uid, gid } => {
            let uid = uid.unwrap_or(DEFAULT_UID);
            let gid = gid.unwrap_or(uid);
            Identity {
                // Kubernetes checks `runAsNonRoot` only for users given by number.
                config: Some(format!("{uid}:{gid}")),
                create: Some(NewUser { name: name.clone(), uid, gid }),
                owner: Some(User::Numeric { uid, gid: Some(gid) }),
            }
        }
    }
}

/// The user of a stage's image.
pub(super) fn of_stage(stage: &Stage) -> Identity {
    let ships = stage.is_assembled() && !matches!(stage.name.as_str(), "dev" | "test");
    let user = stage.image.user.as_ref().map(|user| &user.value);
    resolve(user, stage.is_assembled(), ships)
}

/// The numbers of a step's user and group. They are known for a name if the file gives them, or if the stage
/// creates the user. Only the image knows the numbers of its own users.
pub(super) fn numbers(user: &User, stage: &Identity) -> Option<(u32, u32)> {
    match user {
        User::Numeric { uid, gid } => Some((*uid, gid.unwrap_or(0))),
        User::Named { uid: Some(uid), gid, .. } => Some((*uid, gid.unwrap_or(*uid))),
        User::Named { name, .. } if name == "root" => None,
        User::Named { name, .. } => {
            let created = stage.create.as_ref().filter(|created| created.name == *name);
            created.map(|created| (created.uid, created.gid))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_steps_user_are_those_of_the_file() {
        let named = |name: &str, uid, gid| User::Named { name: name.to_owned(), uid, gid };
        let stage = resolve(Some(&named("web", Some(2000), Some(0))), true, true);
        assert_eq!(numbers(&named("web", None, None), &stage), Some((2000, 0)));
        assert_eq!(numbers(&User::Numeric { uid: 7, gid: None }, &stage), Some((7, 0)));
        assert_eq!(numbers(&named("other", Some(5), None), &stage), Some((5, 5)));
        assert_eq!(numbers(&named("nobody", None, None), &stage), None);
        assert_eq!(numbers(&named("root", None, None), &stage), None);
    }
}
