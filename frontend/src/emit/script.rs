//! The scripts of steps: our own files, which are mounted while a step runs.

use buildkit_llb::{FileOp, Metadata, MkFile, Mount, State};

/// The folder in which our scripts are mounted.
const SCRIPTS: &str = "/run/pybuild";

/// A script of ours, or a file for a script: its description, its file name and its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    about: &'static str,
    name: &'static str,
    text: &'static str,
}

impl Script {
    /// Use [`script!`], which also reads the text.
    pub(super) const fn new(about: &'static str, name: &'static str, text: &'static str) -> Self {
        Self { about, name, text }
    }

    /// The path of the script during a step.
    pub(super) fn path(self) -> String {
        format!("{SCRIPTS}/{}", self.name)
    }

    /// The text of the script, for tests that run it.
    #[cfg(test)]
    pub(super) const fn text(self) -> &'static str {
        self.text
    }

    /// Mounts the script as a file below [`SCRIPTS`].
    pub(super) fn mount(self) -> Mount {
        let file = FileOp::on(&State::scratch())
            .mkfile(MkFile::new(format!("/{}", self.name), self.text).mode(0o644).timestamp(0))
            .meta(Metadata::named(format!("[internal] {}", self.about)))
            .state();
        Mount::bind(&file, format!("{SCRIPTS}/{}", self.name)).selector(format!("/{}", self.name)).read_only()
    }
}

/// The script with a file name below `emit/scripts`, and its description.
macro_rules! script {
    ($name:literal, $about:literal) => {
        $crate::emit::script::Script::new($about, $name, include_str!(concat!("scripts/", $name)))
    };
}

pub(super) use script;

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use crate::address::redacted;
    use crate::emit::environment::HIDE;

    /// pip prints URLs that the frontend never sees. So the script and the frontend must remove the same
    /// forms of secrets.
    #[test]
    fn scripts_take_out_of_an_address_what_messages_do() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("hide.sed");
        std::fs::write(&script, HIDE.text()).unwrap();
        let addresses = [
            "https://me:pass@host.example/simple/",
            "https://host.example/aB3dE5fG7hJ9kL2mN4pQ/simple/",
            "https://host.example/team/0123456789abcdef0123456789abcdef/simple/flask/",
            "https://host.example/glpat-AbCdEfGhIjKlMnOpQrSt/files/a-1.whl",
            "https://host.example/t/a1b2c3d4e5f6a7b8c9d0/channel/a-1.whl",
            "https://host.example/a-1.whl?X-Amz-Signature=0123456789abcdef",
            "https://host.example/simple/flask/",
        ];
        let mut sed = Command::new("sed");
        sed.arg("-f").arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = sed.spawn().unwrap();
        let text = addresses.join("\n");
        running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let shown = String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(shown.lines().collect::<Vec<_>>(), addresses.map(redacted));
    }
}
