//! Whom an image runs as, and which folders belong to that user.

use crate::spec::{ImagePath, User};

/// The number of a user that the build creates, and of its group. Above the numbers that distributions give to
/// services and to people, so that it is nobody else's on a host.
pub const DEFAULT_UID: u32 = 10_001;

/// The name of the user of images that name none.
const DEFAULT_NAME: &str = "app";

/// Users that base images bring. They are used as they are, not created.
const WELL_KNOWN: [&str; 9] =
    ["root", "nobody", "www-data", "daemon", "nonroot", "node", "nginx", "postgres", "mail"];

/// A user to create, and folders to give to the image's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user to create; absent where the base's own or a bare number is used.
    pub create: Option<NewUser>,
    /// Folders that are created and owned by the image's user.
    pub owned: Vec<ImagePath>,
    /// Whose `owned` is: `uid:gid`, or the name of a user of the base image.
    pub owner: String,
}

/// A user that an image does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The login name, and the name of the group.
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

/// What `user` means for an image: its config's `User`, and the account step that it takes.
///
/// `assembled` images are made from a base whose users are not known; there a name stands for a user to create.
pub(super) fn resolve(
    user: Option<&User>,
    assembled: bool,
    default_to_app: bool,
    owned: &[ImagePath],
) -> (Option<String>, Option<Account>) {
    let default = User::Named { name: DEFAULT_NAME.to_owned(), uid: None, gid: None };
    let user = match user {
        Some(user) => user,
        None if default_to_app => &default,
        None => {
            let root = Account { create: None, owned: owned.to_vec(), owner: "0:0".to_owned() };
            return (None, (!owned.is_empty()).then_some(root));
        }
    };
    let (config, create) = match user {
        User::Numeric { uid, gid } => (format!("{uid}:{}", gid.unwrap_or(0)), None),
        User::Named { name, uid: None, gid: None } if !assembled || WELL_KNOWN.contains(&name.as_str()) => {
            (name.clone(), None)
        }
        User::Named { name, uid, gid } => {
            let uid = uid.unwrap_or(DEFAULT_UID);
            let gid = gid.unwrap_or(uid);
            // Kubernetes' runAsNonRoot can only judge numbers.
            (format!("{uid}:{gid}"), Some(NewUser { name: name.clone(), uid, gid }))
        }
    };
    let account = Account { create, owned: owned.to_vec(), owner: config.clone() };
    let needed = account.create.is_some() || !owned.is_empty();
    (Some(config), needed.then_some(account))
}
