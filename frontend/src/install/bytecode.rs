//! `pybuild tool bytecode`: compiles installed packages, so that a container's first start does not.
//!
//! ```text
//! bytecode --interpreter /usr/local/bin/python3.11 --python 3.11 --source /venv/lib/python3.11/site-packages
//!          --out OUT [--root ROOT] [--epoch SECONDS]
//! ```
//!
//! Reads ROOT with SOURCE below it, and writes the same folders below OUT with nothing but `__pycache__` in them.
//! The code carries the paths that it has in the image, and the hash of its source, which Python does not check
//! again (PEP 552): the source's time makes no difference.
//!
//! What Python writes for a file depends on what the same process has compiled before: names that are still known to
//! it are written as shared. So the files are split in the same way on every machine, and each part is compiled by a
//! process of its own, which is given nothing of the environment and hashes strings in the same way always.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::ToolError;
use super::arguments::{PythonVersion, absolute, pairs, required, seconds, unknown};
use super::parallel::in_parallel;
use super::tree::{EPOCH, Mode, Tree};

/// The program that the interpreter is given.
const PROGRAM: &str = include_str!("compile.py");
/// How much source one process compiles, in bytes: about half a second's work, so that starting it costs little and
/// the parts are many enough to keep all processors busy.
const PART: u64 = 1 << 20;

/// Bytecode that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// The interpreter does not start.
    #[error("cannot run `{interpreter}` to compile bytecode: {source}")]
    Start {
        /// The interpreter.
        interpreter: String,
        /// What the system said.
        source: io::Error,
    },
    /// The interpreter is of another version than the code is for.
    #[error("`{interpreter}` is Python {found}, but the packages are installed for {wanted}")]
    Version {
        /// The interpreter.
        interpreter: String,
        /// Its version.
        found: String,
        /// The version that was asked for.
        wanted: String,
    },
    /// The interpreter gave up.
    #[error(
        "`{interpreter}` could not compile the part that begins with `{file}` ({status}):\n{output}\n  \
         help: set `bytecode = false` to build without"
    )]
    Ended {
        /// The interpreter.
        interpreter: String,
        /// The first file of the part.
        file: String,
        /// How it ended.
        status: String,
        /// What it said.
        output: String,
    },
}

/// Compiles what the arguments name.
///
/// # Errors
/// If an argument is wrong, the interpreter does not do its work ([`BytecodeError`]), or a file cannot be read or
/// written. A file that is no valid Python is left out: packages carry templates and code for other versions.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let options = parse(arguments)?;
    let mut files = Vec::new();
    find(&options, &options.source, &mut files)?;
    let tree = Mutex::new(Tree::new(options.out.clone(), options.seconds)?);
    let compiled = in_parallel(
        &parts(files),
        || (),
        |part, ()| {
            let Compiled { tag, code } = compile(&options, part)?;
            let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
            write(&mut tree, part, &tag, &code)
        },
    );
    compiled.into_iter().collect::<Result<(), ToolError>>()?;
    tree.into_inner().unwrap_or_else(PoisonError::into_inner).settle()
}

#[derive(Debug)]
struct Options {
    interpreter: String,
    python: PythonVersion,
    root: PathBuf,
    source: String,
    out: PathBuf,
    seconds: u32,
}

fn parse(arguments: &[String]) -> Result<Options, ToolError> {
    let (mut interpreter, mut python, mut source, mut out) = (None, None, None, None);
    let mut root = PathBuf::from("/");
    let mut time = EPOCH;
    for pair in pairs(arguments) {
        match pair? {
            (name @ "--interpreter", value) => interpreter = Some(format!("/{}", absolute(name, value)?)),
            ("--python", value) => python = Some(PythonVersion::parse(value)?),
            (name @ "--source", value) => source = Some(absolute(name, value)?),
            ("--out", value) => out = Some(PathBuf::from(value)),
            ("--root", value) => root = PathBuf::from(value),
            ("--epoch", value) => time = seconds(value)?,
            (name, _) => return Err(unknown(name)),
        }
    }
    Ok(Options {
        interpreter: required(interpreter, "--interpreter")?,
        python: required(python, "--python")?,
        root,
        source: required(source, "--source")?,
        out: required(out, "--out")?,
        seconds: time,
    })
}

/// A file with Python code, by its path without the first `/`.
struct Source {
    path: String,
    size: u64,
}

/// Finds the Python files below a folder, in the order of their paths. Links are not followed.
fn find(options: &Options, folder: &str, files: &mut Vec<Source>) -> Result<(), ToolError> {
    let failed = |source| ToolError::File { path: format!("/{folder}"), source };
    let mut entries = BTreeSet::new();
    for entry in fs::read_dir(options.root.join(folder)).map_err(failed)? {
        // Python reads no module whose name is not text.
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            entries.insert(name);
        }
    }
    for name in entries {
        let path = format!("{folder}/{name}");
        let found = fs::symlink_metadata(options.root.join(&path)).map_err(failed)?;
        if found.is_dir() && name != "__pycache__" {
            find(options, &path, files)?;
        } else if found.is_file() && path.strip_suffix(".py").is_some() {
            files.push(Source { path, size: found.len() });
        }
    }
    Ok(())
}

/// Splits the files by size alone, so that the split is the same on every machine.
fn parts(files: Vec<Source>) -> Vec<Vec<Source>> {
    let mut parts: Vec<Vec<Source>> = Vec::new();
    let mut size = PART;
    for file in files {
        if size >= PART {
            parts.push(Vec::new());
            size = 0;
        }
        size += file.size;
        if let Some(part) = parts.last_mut() {
            part.push(file);
        }
    }
    parts
}

/// What a process has made of a part.
struct Compiled {
    /// The part of a file name that tells interpreters apart: `cpython-311`.
    tag: String,
    /// For each file, in order; empty for one that has no code.
    code: Vec<Vec<u8>>,
}

fn compile(options: &Options, part: &[Source]) -> Result<Compiled, ToolError> {
    let interpreter = &options.interpreter;
    let started = |source| BytecodeError::Start { interpreter: interpreter.clone(), source };
    let ended = |status: String, output: &[u8]| BytecodeError::Ended {
        interpreter: interpreter.clone(),
        file: part.first().map(|file| format!("/{}", file.path)).unwrap_or_default(),
        status,
        output: String::from_utf8_lossy(output).trim_end().to_owned(),
    };
    let mut command = Command::new(interpreter);
    // No site packages, no user folder, no bytecode of its own, and no warnings about other people's code.
    command.args(["-s", "-S", "-B", "-W", "ignore", "-c", PROGRAM]).env_clear();
    command.env("PYTHONHASHSEED", "0").env("PYTHONUTF8", "1");
    // Some interpreters find their own library only with it.
    command.envs(env::var_os("LD_LIBRARY_PATH").map(|value| ("LD_LIBRARY_PATH", value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(started)?;
    let mut names = Vec::new();
    for Source { path, .. } in part {
        names.extend_from_slice(options.root.join(path).as_os_str().as_encoded_bytes());
        names.extend_from_slice(format!("\0/{path}\0").as_bytes());
    }
    // It writes nothing before it has read everything, so neither side can wait for the other. One that died
    // early leaves a closed pipe; how it ended says more than that.
    let sent = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(&names));
    let output = child.wait_with_output().map_err(started)?;
    if !output.status.success() {
        return Err(ended(output.status.to_string(), &output.stderr).into());
    }
    sent.map_err(started)?;
    let mut blocks = blocks(&output.stdout).map(<[u8]>::to_vec);
    let mut text = || blocks.next().and_then(|block| String::from_utf8(block).ok()).unwrap_or_default();
    let (tag, found) = (text(), text());
    if found != options.python.text() {
        let wanted = options.python.text().to_owned();
        return Err(BytecodeError::Version { interpreter: interpreter.clone(), found, wanted }.into());
    }
    let code: Vec<_> = blocks.collect();
    if code.len() != part.len() {
        return Err(ended("it answered too little".to_owned(), &output.stderr).into());
    }
    Ok(Compiled { tag, code })
}

/// The blocks of a length and as many bytes.
fn blocks(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (block, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        Some(block)
    })
}

fn write(tree: &mut Tree, part: &[Source], tag: &str, code: &[Vec<u8>]) -> Result<(), ToolError> {
    for (Source { path, .. }, code) in part.iter().zip(code) {
        let Some((folder, stem)) = path.strip_suffix(".py").and_then(|stem| stem.rsplit_once('/')) else {
            continue;
        };
        if code.is_empty() {
            continue;
        }
        let folder = format!("{folder}/__pycache__");
        tree.folders([folder.as_str()])?;
        tree.write(&format!("{folder}/{stem}.{tag}.pyc"), code, Mode::Plain)?;
    }
    Ok(())
}
