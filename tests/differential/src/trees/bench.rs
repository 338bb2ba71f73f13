//! The three installers, each with an environment of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::tree::{Place, Tree};
use crate::command::run;
use crate::failure::Failure;
use crate::options::Options;

/// The option with which this program is the installer of pybuild, in a process of its own.
pub(crate) const UNPACK: &str = "--unpack";

const PROGRAM: &str = include_str!("pip.py");

/// The largest real wheels take a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// The environment of pybuild, as its images have it.
const PREFIX: &str = "venv";

/// What an installer did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It installed.
    Tree(Tree),
    /// It refused, and said why.
    Refused(String),
}

/// The installers.
#[derive(Debug)]
pub(crate) struct Bench {
    folder: TempDir,
    uv: PathBuf,
    pip: Pip,
    python: String,
    base: PathBuf,
    skeleton: Vec<String>,
    count: usize,
}

/// pip, loaded once.
#[derive(Debug)]
struct Pip {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Bench {
    /// Starts the installers.
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("trees-").map_err(Failure::io("a folder"))?;
        let base = options.tools.python();
        let base = std::fs::canonicalize(&base).map_err(Failure::io(base.display().to_string()))?;
        // pip alone: what else the tools need must not look installed.
        let alone = folder.path().join("alone");
        std::fs::create_dir_all(&alone).map_err(Failure::io("a folder"))?;
        let found = Command::new(options.tools.python())
            .args(["-c", "import pip, sys; print(pip.__path__[0]); print('%d.%d' % sys.version_info[:2])"])
            .output()
            .map_err(Failure::io("the tools' Python"))?;
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let mut lines = found.lines();
        let (Some(pip), Some(python)) = (lines.next(), lines.next()) else {
            return Err(Failure::Other("the tools have no pip".to_owned()));
        };
        symlink(pip, alone.join("pip")).map_err(Failure::io("a link to pip"))?;
        // uv locks an environment with a file in it.
        let skeleton =
            ["bin/python", "bin/python3", "lib64", "pyvenv.cfg", ".lock"].map(str::to_owned).to_vec();
        let site = format!("lib/python{python}/site-packages/");
        let skeleton = [skeleton, vec![format!("bin/python{python}"), site]].concat();
        let place = folder.path().join("pip");
        environment(&place, &base, python)?;
        let pip = Pip::start(&place.join("bin/python"), &alone, folder.path())?;
        let (uv, python) = (options.tools.program("uv"), python.to_owned());
        Ok(Self { folder, uv, pip, python, base, skeleton, count: 0 })
    }

    /// A path for the next wheel: no tool has seen it before.
    pub(crate) fn path(&mut self, file: &str) -> Result<PathBuf, Failure> {
        self.count += 1;
        let folder = self.folder.path().join(format!("wheels/{}", self.count));
        std::fs::create_dir_all(&folder).map_err(Failure::io("a folder for a wheel"))?;
        Ok(folder.join(file))
    }

    /// What pybuild, uv and pip do with a wheel.
    pub(crate) fn answers(&mut self, wheel: &Path) -> Result<[Answer; 3], Failure> {
        Ok([self.ours(wheel)?, self.uv(wheel)?, self.pip(wheel)?])
    }

    fn ours(&self, wheel: &Path) -> Result<Answer, Failure> {
        let out = self.folder.path().join("ours");
        removed(&out)?;
        std::fs::create_dir_all(&out).map_err(Failure::io("a folder"))?;
        let itself = std::env::current_exe().map_err(Failure::io("this program"))?;
        let interpreter = format!("/{PREFIX}/bin/python");
        let mut command = Command::new(itself);
        command.arg(UNPACK).arg("--root").arg(&out).args(["--prefix", &format!("/{PREFIX}")]);
        command.args(["--python", &self.python, "--interpreter", &interpreter]);
        command.args(["--wheel", &format!("{}:-:requested", wheel.display())]);
        let finished = run(&mut command, PATIENCE)?;
        if !finished.success {
            return Ok(Answer::Refused(finished.stderr));
        }
        let place = Place { root: out.join(PREFIX), interpreter, python: self.python.clone() };
        Ok(Answer::Tree(Tree::read(&place, &self.skeleton)?))
    }

    fn uv(&self, wheel: &Path) -> Result<Answer, Failure> {
        let root = self.folder.path().join("uv");
        environment(&root, &self.base, &self.python)?;
        let mut command = Command::new(&self.uv);
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.args(["pip", "install", "--no-deps", "--no-index", "--offline", "--no-config", "--quiet"]);
        command.args(["--link-mode", "copy", "--python"]).arg(root.join("bin/python"));
        command.arg("--cache-dir").arg(self.folder.path().join("cache")).arg(wheel);
        let finished = run(&mut command, PATIENCE)?;
        self.answer(finished.success, finished.stderr, root)
    }

    fn pip(&mut self, wheel: &Path) -> Result<Answer, Failure> {
        let root = self.folder.path().join("pip");
        environment(&root, &self.base, &self.python)?;
        let (success, words) = self.pip.install(wheel)?;
        self.answer(success, words, root)
    }

    fn answer(&self, success: bool, words: String, root: PathBuf) -> Result<Answer, Failure> {
        if !success {
            return Ok(Answer::Refused(words));
        }
        let interpreter = root.join("bin/python").display().to_string();
        let place = Place { root, interpreter, python: self.python.clone() };
        Ok(Answer::Tree(Tree::read(&place, &self.skeleton)?))
    }
}

impl Pip {
    fn start(python: &Path, alone: &Path, home: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).arg(alone).env_clear().env("HOME", home).current_dir(home);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PIP_CONFIG_FILE", "/dev/null");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(Failure::io("starting pip"))?;
        let missing = || Failure::Other("pip has no pipe".to_owned());
        let questions = child.stdin.take().ok_or_else(missing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut pip = Self { child, questions, answers };
        // The version of Python: pip is loaded now.
        pip.hear()?;
        Ok(pip)
    }

    fn install(&mut self, wheel: &Path) -> Result<(bool, String), Failure> {
        let question = Value::from(wheel.display().to_string());
        writeln!(self.questions, "{question}").map_err(Failure::io("asking pip"))?;
        self.questions.flush().map_err(Failure::io("asking pip"))?;
        let answer = self.hear()?;
        let words = answer.get("words").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((answer.get("code").and_then(Value::as_i64) == Some(0), words))
    }

    fn hear(&mut self) -> Result<Value, Failure> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(Failure::io("hearing pip"))?;
        serde_json::from_str(&line).map_err(|error| Failure::Other(format!("pip answers {line:?}: {error}")))
    }
}

impl Drop for Pip {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An environment without packages, in place of what is there. `uv venv` and `python -m venv` make the same,
/// and more.
fn environment(root: &Path, base: &Path, python: &str) -> Result<(), Failure> {
    removed(root)?;
    let failed = || Failure::io(format!("an environment at {}", root.display()));
    std::fs::create_dir_all(root.join("bin")).map_err(failed())?;
    std::fs::create_dir_all(root.join(format!("lib/python{python}/site-packages"))).map_err(failed())?;
    symlink(base, root.join("bin/python")).map_err(failed())?;
    for name in ["python3".to_owned(), format!("python{python}")] {
        symlink("python", root.join("bin").join(name)).map_err(failed())?;
    }
    symlink("lib", root.join("lib64")).map_err(failed())?;
    let home = base.parent().unwrap_or(Path::new("/")).display();
    let text = format!("home = {home}\ninclude-system-site-packages = false\nversion = {python}\n");
    std::fs::write(root.join("pyvenv.cfg"), text).map_err(failed())
}

fn removed(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::io(folder.display().to_string())(error))
        }
        _ => Ok(()),
    }
}
