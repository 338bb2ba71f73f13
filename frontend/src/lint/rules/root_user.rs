//! Warns of images that run as root.

use crate::lint::{Look, Rule, Sink, Subject};
use crate::spec::User;

pub(super) const RULE: Rule =
    Rule { id: "RootUser", summary: "An image that ships runs as root.", look: Look::Known(look) };

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for stage in subject.shipped() {
        // The first stage of the chain that sets a user decides. The user of a foreign image is not known
        // here.
        let user = subject.chain(stage).into_iter().find_map(|stage| stage.image.user.as_ref());
        let Some(user) = user.filter(|user| is_root(&user.value)) else { continue };
        let message = format!("stage `{}` runs as root", stage.name);
        let help = if stage.is_assembled() {
            "leave `user` out: the image then runs as `app`, a user without rights"
        } else {
            "name another user: `user = { name = \"app\", uid = 10001 }`"
        };
        sink.warn(user.span, message, vec![help.to_owned()]);
    }
}

fn is_root(user: &User) -> bool {
    match user {
        User::Named { name, uid, .. } => uid.map_or(name == "root", |uid| uid == 0),
        User::Numeric { uid, .. } => *uid == 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn what_ships_does_not_run_as_root() {
        let of = |more: &str| {
            let head =
                "python.version = \"3.13\"\ndependencies.requirements = []\n[stage.dev]\nuser = \"root\"\n";
            warnings(&format!("{head}[stage.production]\n{more}"), &[])
        };
        let message = "6: RootUser: stage `production` runs as root";
        for user in ["\"root\"", "\"0\"", "\"0:0\"", "{ name = \"x\", uid = 0 }"] {
            assert_eq!(of(&format!("user = {user}\n")), [message], "{user}");
        }
        for user in ["\"app\"", "\"1000:0\"", "{ name = \"x\", uid = 7 }"] {
            assert_eq!(of(&format!("user = {user}\n")), Vec::<String>::new(), "{user}");
        }
        assert_eq!(of(""), Vec::<String>::new());
    }

    #[test]
    fn a_stage_that_goes_on_from_one_of_root_may_change_that() {
        let file = "python.version = \"3.13\"\ndependencies.requirements = []\n\
            [stage.base]\nuser = \"root\"\n[stage.production]\nfrom = \"base\"\nuser = \"nobody\"\n\
            [stage.worker]\nfrom = \"base\"\n";
        assert_eq!(warnings(file, &[]), ["4: RootUser: stage `worker` runs as root"]);
    }
}
