//! Simulates other machines: an interpreter reports the data of another machine, so a tool chooses packages
//! for that machine.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::run;
use crate::failure::Failure;
use crate::tools::Tools;

/// A machine and its interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The version of Python in full.
    pub(crate) python: String,
    /// The processor, as Python names it.
    pub(crate) machine: &'static str,
    /// `glibc` or `musl`.
    pub(crate) libc: &'static str,
    /// The version of the C library.
    pub(crate) libc_version: (u32, u32),
}

impl Target {
    /// Reads `3.12.1-x86_64-glibc-2.36`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = || Failure::Other(format!("{text} is no target"));
        let parts: Vec<&str> = text.split('-').collect();
        let [python, machine, libc, version] = parts.as_slice() else { return Err(wrong()) };
        let (major, minor) = version.split_once('.').ok_or_else(wrong)?;
        Ok(Self {
            python: (*python).to_owned(),
            machine: if *machine == "aarch64" { "aarch64" } else { "x86_64" },
            libc: if *libc == "musl" { "musl" } else { "glibc" },
            libc_version: (major.parse().map_err(|_| wrong())?, minor.parse().map_err(|_| wrong())?),
        })
    }

    /// `3.12` of `3.12.1`.
    pub(crate) fn minor(&self) -> &str {
        self.python.rsplit_once('.').map_or(&self.python, |(minor, _)| minor)
    }

    /// The platform, as an engine names it.
    pub(crate) fn platform(&self) -> &'static str {
        if self.machine == "aarch64" { "linux/arm64" } else { "linux/amd64" }
    }

    /// What markers are compared with.
    pub(crate) fn markers(&self) -> Value {
        json!({
            "implementation_name": "cpython", "implementation_version": self.python, "os_name": "posix",
            "platform_machine": self.machine, "platform_python_implementation": "CPython",
            "platform_release": "", "platform_system": "Linux", "platform_version": "",
            "python_full_version": self.python, "python_version": self.minor(), "sys_platform": "linux",
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor) = self.libc_version;
        write!(f, "{}-{}-{}-{major}.{minor}", self.python, self.machine, self.libc)
    }
}

/// Environments for targets, in a folder of their own.
#[derive(Clone, Debug)]
pub(crate) struct Environments {
    folder: PathBuf,
    /// What uv learns of the tools' own Python.
    learned: Value,
}

/// The environment of one target.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its packages.
    pub(crate) packages: PathBuf,
}

impl Environments {
    /// Learns how the tools' own Python answers.
    pub(crate) fn new(folder: &Path, tools: &Tools) -> Result<Self, Failure> {
        let spy = folder.join("spy");
        let heard = folder.join("heard.json");
        let real = tools.python();
        let text = format!("#!/bin/sh\n\"{}\" \"$@\" | tee \"{}\"\n", real.display(), heard.display());
        executable(&spy, &text)?;
        let mut find = Command::new(tools.program("uv"));
        find.args(["pip", "list", "--no-cache", "--python"]).arg(&spy);
        let finished = run(&mut find, Duration::from_secs(60))?;
        let text = std::fs::read_to_string(&heard).unwrap_or_default();
        let learned = serde_json::from_str(&text).map_err(|error| {
            Failure::Other(format!("uv did not ask the interpreter: {error}\n{}", finished.stderr))
        })?;
        Ok(Self { folder: folder.to_owned(), learned })
    }

    /// The environment of a target, empty.
    pub(crate) fn of(&self, target: &Target, tools: &Tools) -> Result<Environment, Failure> {
        let folder = self.folder.join(target.to_string());
        let inside = format!("lib/python{}/site-packages", target.minor());
        let environment = Environment { packages: folder.join(&inside), folder };
        environment.clear()?;
        let program = environment.folder.join("bin/python");
        if program.exists() {
            return Ok(environment);
        }
        let base = self.folder.join(format!("{target}-base"));
        let settings = format!("home = {}\nversion = {}\n", base.join("bin").display(), target.python);
        write(&environment.folder.join("pyvenv.cfg"), &settings)?;
        for (folder, prefix) in [(&environment.folder, &environment.folder), (&base, &base)] {
            let answer = self.answer(target, prefix, &base, &inside);
            write(&folder.join("answer.json"), &answer.to_string())?;
            let (answer, real) = (folder.join("answer.json"), tools.python());
            let text = format!(
                "#!/bin/sh\ncase \"$*\" in\n*get_interpreter_info*) exec cat \"{}\" ;;\nesac\nexec \"{}\" \"$@\"\n",
                answer.display(),
                real.display()
            );
            executable(&folder.join("bin/python"), &text)?;
        }
        Ok(environment)
    }

    fn answer(&self, target: &Target, prefix: &Path, base: &Path, inside: &str) -> Value {
        let mut answer = self.learned.clone();
        let packages = prefix.join(inside);
        let (major, minor) = target.libc_version;
        let os = if target.libc == "musl" { "musllinux" } else { "manylinux" };
        let facts = json!({
            "markers": target.markers(),
            "sys_base_prefix": base, "sys_base_exec_prefix": base, "sys_prefix": prefix,
            "sys_base_executable": base.join("bin/python"), "sys_executable": prefix.join("bin/python"),
            "sys_path": [packages], "site_packages": [packages],
            "stdlib": base.join(format!("lib/python{}", target.minor())),
            "scheme": {
                "platlib": packages, "purelib": packages, "include": prefix.join("include"),
                "scripts": prefix.join("bin"), "data": prefix,
            },
            "virtualenv": {
                "purelib": inside, "platlib": inside, "include": "include", "scripts": "bin", "data": "",
            },
            "os": {"name": os, "major": major, "minor": minor}, "arch": target.machine,
            "gil_disabled": false, "pointer_size": "64", "manylinux_compatible": true,
        });
        if let (Some(answer), Value::Object(facts)) = (answer.as_object_mut(), facts) {
            answer.extend(facts);
        }
        answer
    }
}

impl Environment {
    /// Removes every package.
    pub(crate) fn clear(&self) -> Result<(), Failure> {
        let _ = std::fs::remove_dir_all(&self.packages);
        std::fs::create_dir_all(&self.packages).map_err(Failure::io(self.packages.display().to_string()))
    }

    /// The interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    }
    std::fs::write(path, text).map_err(Failure::io(path.display().to_string()))
}

fn executable(path: &Path, text: &str) -> Result<(), Failure> {
    write(path, text)?;
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, permissions).map_err(Failure::io(path.display().to_string()))
}
