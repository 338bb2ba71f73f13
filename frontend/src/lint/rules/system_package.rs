//! Warns of OS packages in the wrong list of `[system]`.

use super::names::{bare, compiles, is_loaded};
use crate::lint::{Look, Rule, Sink, Subject};

pub(super) const RULE: Rule = Rule {
    id: "MisplacedSystemPackage",
    summary: "An OS package stands in the wrong list of `[system]`.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let system = &subject.spec.system;
    for (list, key) in [(&system.packages, "packages"), (&system.runtime, "runtime")] {
        for package in list.iter().filter(|package| compiles(&package.value)) {
            let message =
                format!("`{}` is for compiling, and `{key}` is in every image that ships", package.value);
            sink.warn(package.span, message, vec!["move it to `build`".to_owned()]);
        }
    }
    let ships: Vec<_> = system.packages.iter().chain(&system.runtime).map(|name| bare(&name.value)).collect();
    let own = |name: &str| {
        let stages = subject.spec.stages.values();
        stages.flat_map(|stage| &stage.packages).any(|package| bare(&package.value) == name)
    };
    for package in system.build.iter().filter(|package| is_loaded(&package.value)) {
        let name = bare(&package.value);
        if !ships.contains(&name) && !own(name) {
            let message = format!(
                "`{}` is loaded when the app runs, and `build` is in no image that ships",
                package.value
            );
            sink.warn(package.span, message, vec!["move it to `runtime`".to_owned()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn packages_for_compiling_and_for_running_have_their_lists() {
        let head = "python.version = \"3.13\"\ndependencies.requirements = []\n[system]\n";
        let file = format!(
            "{head}packages = [\"curl\", \"gcc\"]\nbuild = [\"libpq5\"]\nruntime = [\"libpq-dev\"]\n"
        );
        assert_eq!(
            warnings(&file, &[]),
            [
                "4: MisplacedSystemPackage: `gcc` is for compiling, and `packages` is in every image that ships",
                "5: MisplacedSystemPackage: `libpq5` is loaded when the app runs, and `build` is in no image that ships",
                "6: MisplacedSystemPackage: `libpq-dev` is for compiling, and `runtime` is in every image that ships",
            ]
        );
        let file = format!("{head}build = [\"gcc\", \"libpq-dev\", \"libpq5\"]\nruntime = [\"libpq5\"]\n");
        assert_eq!(warnings(&file, &[]), Vec::<String>::new());
    }
}
