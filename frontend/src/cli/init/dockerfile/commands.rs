//! `RUN` of a Python stage, command by command.

use super::carry::{Carrier, add};
use super::parse::Instruction;
use super::steps::{Step, steps};
use crate::spec::ContextPath;

impl Carrier<'_> {
    pub(super) fn run_steps(&mut self, instruction: &Instruction, builds: bool) {
        let line = match (instruction.list(), &instruction.heredoc) {
            (Some(words), _) => shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default(),
            (None, Some(text)) => text.clone(),
            (None, None) => instruction.rest.clone(),
        };
        for step in steps(&line) {
            let what = self.step(step, builds);
            self.say(instruction, what);
        }
    }

    fn step(&mut self, step: Step, builds: bool) -> String {
        match step {
            Step::Needless(why) => format!("not needed: {why}"),
            Step::Packages(names) => {
                let (build, runtime): (Vec<_>, Vec<_>) =
                    names.into_iter().partition(|name| builds || is_for_building(name));
                let shown = [("build", &build), ("runtime", &runtime)];
                let shown = shown.iter().filter(|(_, names)| !names.is_empty());
                let shown: Vec<_> =
                    shown.map(|(kind, names)| format!("system.{kind} = {}", names.join(" "))).collect();
                add(&mut self.draft.system.build, build);
                add(&mut self.draft.system.runtime, runtime);
                format!("carried over: {}", shown.join(", "))
            }
            Step::Requirements(files) => self.requirements(&files),
            Step::Project => {
                "carried over: the project is installed as a package if it names a build backend".to_owned()
            }
            Step::Lock(lock) => format!("carried over: {lock} is read as it is"),
            Step::Named(names) => {
                format!("not carried over: add {} to the project's dependencies", names.join(" "))
            }
            Step::User(name, number) => {
                let said = format!("carried over: user = \"{name}\", unless another `USER` follows");
                self.draft.production.numbers.extend(number.map(|number| (name.clone(), number)));
                self.draft.production.user.get_or_insert(name);
                said
            }
            Step::With(step, options) => {
                let said = self.step(*step, builds);
                format!(
                    "{said}; not carried over: `{}` (a requirements file may hold it as a line, or see [dependencies.index])",
                    options.join("`, `")
                )
            }
            Step::Own(folders) | Step::Folders(folders)
                if folders.iter().all(|folder| folder.starts_with('/')) =>
            {
                let folders: Vec<_> = folders.into_iter().map(|folder| self.expanded(&folder)).collect();
                // The app's own folder belongs to root: what is written has a folder of its own.
                let (app, own): (Vec<_>, Vec<_>) =
                    folders.into_iter().partition(|folder| *folder == self.workdir || folder == "/app");
                if own.is_empty() {
                    return format!(
                        "not carried over: {} belongs to root; name what is written in app.writable",
                        app.join(" ")
                    );
                }
                let said = format!("carried over: app.writable = {}", own.join(" "));
                add(&mut self.draft.app.writable, own);
                said
            }
            Step::Own(folders) | Step::Folders(folders) => {
                format!("not carried over: {} of the working directory; see app.writable", folders.join(" "))
            }
            Step::Other(command) if builds => {
                format!("not carried over: `{command}` of a stage that does not ship")
            }
            Step::Other(command)
                if command.contains("collectstatic")
                    && self.draft.stages.iter().any(|stage| stage.name == "static") =>
            {
                "carried over: [stage.static]".to_owned()
            }
            Step::Other(command) => {
                let said = format!("carried over: run = \"{command}\", after the app is copied");
                self.draft.production.run.push(command);
                said
            }
        }
    }

    /// Files that pip is given.
    fn requirements(&mut self, files: &[String]) -> String {
        let found: Vec<_> = files
            .iter()
            .filter_map(|file| {
                ContextPath::parse(file.rsplit("/tmp/").next().unwrap_or(file).trim_start_matches('/'))
            })
            .map(|path| path.as_str().to_owned())
            .collect();
        let usual = [
            "requirements.txt",
            "requirements/production.txt",
            "requirements/prod.txt",
            "requirements/base.txt",
        ];
        if let [only] = found.as_slice()
            && usual.contains(&only.as_str())
        {
            return format!("carried over: {only} is found by its name");
        }
        let said = format!("carried over: dependencies.requirements = {}", found.join(" "));
        self.draft.requirements = Some(found);
        said
    }
}

/// Compilers and headers, which do not ship.
fn is_for_building(name: &str) -> bool {
    let name = name.split(['=', '<', '>', '~']).next().unwrap_or(name);
    name.ends_with("-dev")
        || name.ends_with("-devel")
        || matches!(
            name,
            "gcc"
                | "g++"
                | "make"
                | "cmake"
                | "build-essential"
                | "build-base"
                | "pkg-config"
                | "musl-dev"
                | "git"
                | "clang"
        )
}
