//! The scripts of steps: files of ours that are mounted while a step runs.

use buildkit_llb::{FileOp, Metadata, MkFile, Mount, State};

/// Where our scripts are while they run.
const SCRIPTS: &str = "/run/pybuild";

/// A script of ours, or a file for one: what it is, the name of the file and its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    about: &'static str,
    name: &'static str,
    text: &'static str,
}

impl Script {
    /// See [`script!`], which reads the text as well.
    pub(super) const fn new(about: &'static str, name: &'static str, text: &'static str) -> Self {
        Self { about, name, text }
    }

    /// Where it is while it runs.
    pub(super) fn path(self) -> String {
        format!("{SCRIPTS}/{}", self.name)
    }

    /// Its text, for tests that run it.
    #[cfg(test)]
    pub(super) const fn text(self) -> &'static str {
        self.text
    }

    /// The script as a file below [`SCRIPTS`].
    pub(super) fn mount(self) -> Mount {
        let file = FileOp::on(&State::scratch())
            .mkfile(MkFile::new(format!("/{}", self.name), self.text).mode(0o644).timestamp(0))
            .meta(Metadata::named(format!("[internal] {}", self.about)))
            .state();
        Mount::bind(&file, format!("{SCRIPTS}/{}", self.name)).selector(format!("/{}", self.name)).read_only()
    }
}

/// The script of a name below `emit/scripts`, and what it is.
macro_rules! script {
    ($name:literal, $about:literal) => {
        $crate::emit::script::Script::new($about, $name, include_str!(concat!("scripts/", $name)))
    };
}

pub(super) use script;
