//! `pybuild tool bytecode`: compiles installed packages, so that the first start of a container need not
//! compile them.
//!
//! ```text
//! bytecode --interpreter /usr/local/bin/python3.11 --python 3.11 --source /venv/lib/python3.11/site-packages
//!          --out OUT [--root ROOT] [--epoch SECONDS]
//! ```
//!
//! This reads the folder SOURCE below ROOT, and writes the same folders below OUT with only `__pycache__` in
//! them. The code contains its paths in the image. It also contains the hash of its source, which Python does
//! not check again (PEP 552), so the time of the source has no effect.
//!
//! Python's output for a file can depend on the files that the same process has compiled before: an object
//! that the process still knows may be marked as shared (seen up to Python 3.10, in one file of two hundred).
//! So the files are split in the same way on every machine, and a process of its own compiles each part. This
//! process gets no environment variables, and always hashes strings in the same way.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::ToolError;
use super::arguments::{PythonVersion, absolute, pairs, required, seconds, unknown};
use super::interpreter::{self, SearchPath};
use super::parallel::in_parallel;
use super::tree::{EPOCH, Mode, Tree};

/// The program that the interpreter runs.
const PROGRAM: &str = include_str!("compile.py");
/// The amount of source that one process compiles, in bytes. It takes about half a second. So starting the
/// process costs little, and there are enough parts to keep all processors busy.
const PART: u64 = 1 << 20;

/// The error for bytecode that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// The interpreter did not start.
    #[error("cannot run `{interpreter}` to compile bytecode: {source}")]
    Start {
        /// The interpreter.
        interpreter: String,
        /// The system's error.
        source: io::Error,
    },
    /// The interpreter has another version than the packages.
    #[error("`{interpreter}` is Python {found}, but the packages are installed for {wanted}")]
    Version {
        /// The interpreter.
        interpreter: String,
        /// Its version.
        found: String,
        /// The expected version.
        wanted: String,
    },
    /// The interpreter failed.
    #[error(
        "`{interpreter}` could not compile the part that begins with `{file}` ({status}):\n{output}\n  \
         help: set `bytecode = false` to build without"
    )]
    Ended {
        /// The interpreter.
        interpreter: String,
        /// The first file of the part.
        file: String,
        /// The exit status.
        status: String,
        /// The output.
        output: String,
    },
}

/// Compiles the packages that the arguments name.
///
/// # Errors
/// If an argument is wrong, the interpreter fails ([`BytecodeError`]), or a file cannot be read or written. A
/// file that is not valid Python is left out, because packages contain templates and code for other versions.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let options = parse(arguments)?;
    let mut files = Vec::new();
    find(&options, &options.source, &mut files)?;
    compile_all(&options, files)
}

/// Compiles files of a folder, given by their paths in the folder. The Python is that of the image whose root
/// is at `base`.
///
/// # Errors
/// As [`run`], and if the image does not have this Python version.
pub(super) fn beside(
    root: &Path,
    paths: &[String],
    base: &Path,
    python: &PythonVersion,
    seconds: u32,
) -> Result<(), ToolError> {
    let found = interpreter::find(base, python, None, &SearchPath::default())?;
    let mut files = Vec::new();
    for path in paths {
        let failed = |source| ToolError::File { path: format!("/{path}"), source };
        let size = fs::symlink_metadata(root.join(path)).map_err(failed)?.len();
        files.push(Source { path: path.clone(), size });
    }
    let options = Options {
        interpreter: base.join(found.path).to_string_lossy().into_owned(),
        python: python.clone(),
        root: root.to_owned(),
        source: String::new(),
        out: root.to_owned(),
        seconds,
    };
    compile_all(&options, files)
}

fn compile_all(options: &Options, files: Vec<Source>) -> Result<(), ToolError> {
    let tree = Mutex::new(Tree::new(options.out.clone(), options.seconds)?);
    let compiled = in_parallel(
        &parts(files),
        || (),
        |part, ()| {
            let Compiled { tag, code } = compile(options, part)?;
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
        // Python does not import a module whose name is not UTF-8.
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

/// Splits the files only by size, so that the result is the same on every machine.
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

/// The output of a process for its part.
struct Compiled {
    /// The part of a bytecode file's name that is specific to an interpreter, such as `cpython-311`.
    tag: String,
    /// The code of each file, in order; empty for a file without code.
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
    // The options disable site packages, the user folder, the interpreter's own bytecode, and warnings about
    // the compiled code.
    command.args(["-s", "-S", "-B", "-W", "ignore", "-c", PROGRAM]).env_clear();
    command.env("PYTHONHASHSEED", "0").env("PYTHONUTF8", "1");
    // Some interpreters need this variable to find their own library.
    command.envs(env::var_os("LD_LIBRARY_PATH").map(|value| ("LD_LIBRARY_PATH", value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(started)?;
    let mut names = Vec::new();
    for Source { path, .. } in part {
        names.extend_from_slice(options.root.join(path).as_os_str().as_encoded_bytes());
        names.extend_from_slice(format!("\0/{path}\0").as_bytes());
    }
    // The process writes nothing before it has read everything, so there is no deadlock. A process that ended
    // early leaves a closed pipe. Its exit status then gives a better reason than the write error.
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

/// The blocks, each of which is a length followed by this number of bytes.
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

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use tempfile::TempDir;

    use super::*;

    const SITE: &str = "/venv/lib/python3.11/site-packages";

    /// These tests run one after the other. A program cannot be started while a process of another test still
    /// has it open for writing.
    static ALONE: Mutex<()> = Mutex::new(());

    fn packages(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = root.path().join(SITE.trim_start_matches('/')).join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    fn compiled(root: &TempDir, interpreter: &str, python: &str) -> Result<TempDir, String> {
        let out = tempfile::tempdir().unwrap();
        let (root, target) = (root.path().to_str().unwrap(), out.path().to_str().unwrap());
        let named = ["--interpreter", interpreter, "--python", python, "--source", SITE];
        let arguments = named.into_iter().chain(["--root", root, "--out", target]).map(str::to_owned);
        run(&arguments.collect::<Vec<_>>()).map_err(|error| error.to_string())?;
        Ok(out)
    }

    /// The files below a folder, in order.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
        }
        found.sort_unstable();
        found
    }

    /// A program that reads the names and then runs the commands `then`.
    fn interpreter(folder: &TempDir, then: &str) -> String {
        let path = folder.path().join("python");
        fs::write(&path, format!("#!/bin/sh\nwhile read -r line; do :; done\n{then}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    #[test]
    fn code_goes_beside_its_source_and_files_without_code_are_left_out() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let root =
            packages(&[("a/b.py", ""), ("a/bad.py", ""), ("a/text.txt", ""), ("a/__pycache__/c.py", "")]);
        let python = interpreter(
            &root,
            "printf '\\003\\000\\000\\000tag\\004\\000\\000\\0003.11\\004\\000\\000\\000code\\000\\000\\000\\000'",
        );
        let out = compiled(&root, &python, "3.11").unwrap();
        let expected = out.path().join("venv/lib/python3.11/site-packages/a/__pycache__/b.tag.pyc");
        assert_eq!(files(out.path()), std::slice::from_ref(&expected));
        assert_eq!(fs::read_to_string(&expected).unwrap(), "code");
        let (file, folder) =
            (fs::metadata(&expected).unwrap(), fs::metadata(expected.parent().unwrap()).unwrap());
        assert_eq!((file.mode() & 0o7777, file.mtime()), (0o644, i64::from(EPOCH)));
        assert_eq!((folder.mode() & 0o7777, folder.mtime()), (0o755, i64::from(EPOCH)));
    }

    #[test]
    fn an_interpreter_that_does_not_serve_is_named() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let root = packages(&[("a.py", "")]);
        let other = interpreter(
            &root,
            "printf '\\003\\000\\000\\000tag\\004\\000\\000\\0003.13\\000\\000\\000\\000'",
        );
        assert_eq!(
            compiled(&root, &other, "3.11").unwrap_err(),
            format!("`{other}` is Python 3.13, but the packages are installed for 3.11")
        );
        let failing = interpreter(&root, "echo out of memory >&2; exit 3");
        assert_eq!(
            compiled(&root, &failing, "3.11").unwrap_err(),
            format!(
                "`{failing}` could not compile the part that begins with `{SITE}/a.py` (exit status: 3):\n\
                 out of memory\n  help: set `bytecode = false` to build without"
            )
        );
        let error = compiled(&root, "/no/python", "3.11").unwrap_err();
        assert_eq!(
            error,
            "cannot run `/no/python` to compile bytecode: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn files_are_split_by_their_sizes_alone() {
        let sources = [PART, 1, PART - 1, 5, PART * 3, 7].map(|size| Source { path: String::new(), size });
        let sizes: Vec<Vec<u64>> =
            parts(sources.into()).iter().map(|part| part.iter().map(|file| file.size).collect()).collect();
        assert_eq!(sizes, [vec![PART], vec![1, PART - 1], vec![5, PART * 3], vec![7]]);
    }

    #[test]
    fn a_real_python_takes_the_code_and_makes_the_same_again() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(python) = fs::canonicalize("/usr/bin/python3") else { return };
        let version = python.file_name().and_then(|name| PythonVersion::of_name(name.to_str()?));
        let (Some(version), Some(python)) = (version, python.to_str()) else { return };
        let root = packages(&[
            ("m.py", "NAMES = {'x', 'y', 'z'}\ndef f():\n    return 'found'\n"),
            ("bad.py", "print 'for another version'\n"),
            ("warned.py", "'\\d'\n"),
        ]);
        let out = compiled(&root, python, version.text()).unwrap();
        let made = files(out.path());
        let names: Vec<_> = made.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        let digits = version.numbers().replace('.', "");
        assert_eq!(names, [format!("m.cpython-{digits}.pyc"), format!("warned.cpython-{digits}.pyc")]);
        let again = compiled(&root, python, version.text()).unwrap();
        for (one, other) in made.iter().zip(files(again.path())) {
            assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{}", one.display());
        }
        let program = "import marshal, sys; code = marshal.loads(open(sys.argv[1], 'rb').read()[16:]); exec(code); \
                       print(code.co_filename, f())";
        let output = Command::new(python).args(["-c", program]).arg(made.first().unwrap()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{SITE}/m.py found\n"));
    }
}
