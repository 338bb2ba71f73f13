//! Warns if a folder is copied into a folder with the same name, so that its files are one level too deep.

use std::collections::BTreeSet;

use crate::lint::{Look, Rule, Sink, Subject};
use crate::plan::{Action, AppFiles};
use crate::project::ContextError;
use crate::spec::{Command, ContextPath, Stage};

pub(super) const RULE: Rule = Rule {
    id: "DoubledFolder",
    summary: "A folder of the context is copied into a folder of the same name.",
    look: Look::Files(look),
};

/// Files that only the root folder of a project has.
const ROOTS: [&str; 6] =
    ["pyproject.toml", "manage.py", "requirements.txt", "setup.py", "uv.lock", "poetry.lock"];

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    for stage in subject.stages() {
        let Some(planned) = subject.planned(&stage.name) else { continue };
        for step in &planned.steps {
            let Action::App(files) = &step.action else { continue };
            let Some(folder) = doubled(files) else { continue };
            let has = |name: &str| -> Result<bool, ContextError> {
                let path = ContextPath::parse(&format!("{folder}/{name}"));
                path.map_or(Ok(false), |path| Ok(subject.files.context.kind(&path)?.is_some()))
            };
            let mut is_root = false;
            for name in ROOTS {
                is_root = is_root || has(name)?;
            }
            // The folder of a package must stay, because Python imports the package by the name of the
            // folder.
            if !is_root || has("__init__.py")? || names_folder(stage, folder) {
                continue;
            }
            let to = files.to.as_str();
            let message =
                format!("`{folder}/` is copied to `{to}/{folder}`: files keep their folder below `workdir`");
            let above = to.rsplit_once('/').map_or("/", |(above, _)| above);
            let above = if above.is_empty() { "/" } else { above };
            let help = vec![
                format!(
                    "to have the files in `{to}`: `copy = [{{ path = \"{folder}\", to = \".\" }}]` and `include = []`"
                ),
                format!("or let the folder be part of the path: `workdir = \"{above}\"`"),
            ];
            sink.warn(step.span, message, help);
        }
    }
    Ok(())
}

/// The only top folder of the copied paths, if the destination folder has the same name.
fn doubled(files: &AppFiles) -> Option<&str> {
    let tops: BTreeSet<&str> =
        files.include.iter().map(|path| path.as_str().split('/').next().unwrap_or_default()).collect();
    let mut tops = tops.into_iter();
    let (top, other) = (tops.next()?, tops.next());
    (other.is_none() && files.to.as_str().rsplit('/').next() == Some(top)).then_some(top)
}

/// Whether a command of the image names the folder. If it does, the place of the folder is intended.
fn names_folder(stage: &Stage, folder: &str) -> bool {
    let commands = [&stage.image.command, &stage.image.entrypoint];
    let words = commands.into_iter().flatten().flat_map(Command::arguments);
    words.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).any(|word| {
        let after = word.trim_start_matches("./").strip_prefix(folder).map(str::to_owned);
        after.is_some_and(|after| after.is_empty() || after.starts_with(['/', '.', ':']))
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn a_projects_folder_in_one_of_its_name_is_told_of_and_a_package_is_not() {
        let of = |workdir: &str, more: &str, files: &[(&'static str, &'static str)]| {
            let file = format!(
                "python.version = \"3.13\"\ndependencies.requirements = []\n[app]\nworkdir = \"{workdir}\"\n\
                 include = [\"backend/\"]\n[stage.production]\n{more}\n"
            );
            let all = warnings(&file, files);
            all.into_iter().filter(|line| line.contains("DoubledFolder")).collect::<Vec<_>>()
        };
        let project = [("backend/manage.py", ""), ("backend/shop/__init__.py", "")];
        let told = "DoubledFolder: `backend/` is copied to `/app/backend/backend`: files keep their folder below `workdir`";
        let found = of("/app/backend", "command = [\"python\", \"manage.py\"]", &project);
        assert!(matches!(&found[..], [line] if line.ends_with(told)), "{found:?}");
        assert_eq!(of("/app", "", &project), Vec::<String>::new());
        assert_eq!(
            of("/app/backend", "command = [\"python\", \"backend/manage.py\"]", &project),
            Vec::<String>::new()
        );
        let package = [("backend/__init__.py", ""), ("backend/manage.py", "")];
        assert_eq!(of("/app/backend", "", &package), Vec::<String>::new());
        assert_eq!(of("/app/backend", "", &[("backend/main.py", "")]), Vec::<String>::new());
    }
}
