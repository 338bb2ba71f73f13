//! Runs the binary in a folder and measures it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Files of a project, and the commands that are run there.
pub(crate) struct Project {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) commands: &'static [&'static [&'static str]],
}

/// What is done with a project whose build file or whose own files are hostile.
const ALL: &[&[&str]] = &[&["check"], &["plan"], &["llb"]];

impl Project {
    /// A project with this build file.
    pub(crate) fn file(text: impl Into<String>) -> Self {
        Self { files: vec![("pybuild.toml".to_owned(), text.into())], commands: ALL }
    }

    /// A project with a short build file and these files.
    pub(crate) fn with<const N: usize>(files: [(&str, String); N]) -> Self {
        Self::file("[python]\nversion = \"3.12\"\n").and(files)
    }

    pub(crate) fn and<const N: usize>(mut self, files: [(&str, String); N]) -> Self {
        self.files.extend(files.map(|(name, text)| (name.to_owned(), text)));
        self
    }

    pub(crate) fn with_file(mut self, name: String, text: String) -> Self {
        self.files.push((name, text));
        self
    }

    /// The same with a text of all files replaced.
    pub(crate) fn replaced(mut self, from: &str, to: &str) -> Self {
        for (_, text) in &mut self.files {
            *text = text.replace(from, to);
        }
        self
    }

    pub(crate) fn run_by(self, commands: &'static [&'static [&'static str]]) -> Self {
        Self { commands, ..self }
    }
}

/// The measured cost of a command.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    /// Of the processor, in hundredths of a second.
    ticks: u64,
    /// At its peak, in KiB.
    memory: u64,
}

/// The most memory that any input may take, in KiB.
const MOST_MEMORY: u64 = 256 << 10;

/// Of the processor, for 1 MiB, in ticks: held to where the size is given.
const MOST_TICKS: u64 = 200;

/// A command that has taken as many ticks is ended: no size that is tried here comes near.
const ENDLESS: u64 = 6000;

/// Checks the cost of every case against its limit, and reports all cases above the limit.
pub(crate) fn hold(cases: impl IntoIterator<Item = (String, Box<dyn Fn(usize) -> Project>)>) {
    let size = |name: &str| std::env::var(name).ok().and_then(|size| size.parse::<usize>().ok());
    let given = size("PYBUILD_LIMITS");
    let only = std::env::var("PYBUILD_LIMITS_ONLY").unwrap_or_default();
    let mut broken = Vec::new();
    let mut count = 0;
    for (name, make) in cases {
        if !name.contains(&only) {
            continue;
        }
        let size = given.or_else(|| size("PYBUILD_LIMITS_GROWTH")).unwrap_or(8 << 10);
        let whole = make(size);
        let half = given.is_none().then(|| make(size / 2));
        for (at, command) in whole.commands.iter().enumerate() {
            count += 1;
            let used = run(&whole, command);
            let mut say =
                |what: &str| broken.push(format!("{name}: {}: {what}: {used:?}", command.join(" ")));
            match used {
                Err(what) => broken.push(format!("{name}: {}: {what}", command.join(" "))),
                Ok(used) if used.memory > MOST_MEMORY => say("memory"),
                Ok(used) if given.is_some() && used.ticks > MOST_TICKS => say("time"),
                Ok(used) => {
                    if given.is_some() {
                        println_used(&name, command, used);
                    }
                    // Of what takes no time nothing can be told.
                    if let Some(half) = half.as_ref().filter(|_| used.ticks > 100)
                        && let Some((whole, half)) = grows(&whole, half, at, used.ticks)
                    {
                        let command = command.join(" ");
                        broken.push(format!(
                            "{name}: {command}: twice as much takes {whole} ticks, not {half}"
                        ));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} of {count}:\n{}", broken.len(), broken.join("\n"));
}

/// The ticks of a project and of half of it, where the whole costs more than three times as much as the half.
///
/// A machine that does other work makes a run cost more, never less. So the least of several runs is taken of
/// both sides, and a project is only found to grow too fast where no run says otherwise.
fn grows(whole: &Project, half: &Project, command: usize, ticks: u64) -> Option<(u64, u64)> {
    const RUNS: usize = 4;
    let again = |project: &Project| run(project, project.commands[command]).map(|used| used.ticks);
    let (mut most, mut least) = (ticks, again(half).ok()?);
    for _ in 1..RUNS {
        if most <= 3 * least + 30 {
            return None;
        }
        most = most.min(again(whole).unwrap_or(most));
        least = least.min(again(half).unwrap_or(least));
    }
    (most > 3 * least + 30).then_some((most, least))
}

#[expect(clippy::print_stdout, reason = "a table for people")]
fn println_used(name: &str, command: &[&str], used: Used) {
    println!("{:>6.2} s {:>6} KiB  {name}: {}", used.ticks as f64 / 100.0, used.memory, command.join(" "));
}

fn run(project: &Project, arguments: &[&str]) -> Result<Used, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &project.files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = fs::File::create(folder.path().join(".output")).unwrap();
    let errors = output.try_clone().unwrap();
    let given = std::env::var_os("PYBUILD_LIMITS_BINARY");
    let mut command = Command::new(given.unwrap_or_else(|| env!("CARGO_BIN_EXE_pybuild").into()));
    command.args(arguments).current_dir(folder.path()).env_remove("BUILDKIT_SESSION_ID");
    // Memory is taken as it is used, not ahead of it.
    command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
    let mut child = command.stdout(Stdio::from(output)).stderr(Stdio::from(errors)).spawn().unwrap();
    let (used, code) = watch(&mut child)?;
    let told = fs::metadata(folder.path().join(".output")).unwrap().len();
    match code {
        // A file of `init` repeats what it carries over, with a comment of its own for each line.
        Some(0..=2) if told < 8 << 20 || arguments.first() == Some(&"llb") => Ok(used),
        Some(0..=2) => Err(format!("says {told} bytes")),
        Some(101) => Err("panics".to_owned()),
        code => Err(format!("ends with {code:?}")),
    }
}

/// Looks at a process until its end.
fn watch(child: &mut Child) -> Result<(Used, Option<i32>), String> {
    let process = Path::new("/proc").join(child.id().to_string());
    let mut used = Used::default();
    loop {
        let ended = child.try_wait().unwrap();
        if let Some(status) = ended {
            return Ok((used, status.code()));
        }
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        // The program's name, in brackets, may have spaces.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
        used = Used { ticks: used.ticks.max(ticks), memory: used.memory.max(peak.unwrap_or(0)) };
        if used.ticks > ENDLESS || used.memory > 8 * MOST_MEMORY {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("has no end: {used:?}"));
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}
