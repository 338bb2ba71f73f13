//! Explains why a wheel could not be built, and says what to do.

use super::script::{Script, script};

/// Reads the output of a failed build and prints its cause: a missing program or header and the package that
/// contains it, or else the last lines of the output.
pub(super) const SCRIPT: Script = script!("cause.sh", "script that says why a wheel was not built");

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// The cause that the script prints for an output. The package names are those of a system with apt.
    fn said(output: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let (script, log, programs) =
            (folder.path().join("cause.sh"), folder.path().join("log"), folder.path().join("bin"));
        std::fs::write(&script, super::SCRIPT.text()).unwrap();
        std::fs::write(&log, output).unwrap();
        std::fs::create_dir(&programs).unwrap();
        for program in ["sh", "grep", "sed", "head", "tail"] {
            let found = ["/usr/bin", "/bin"].map(|place| std::path::Path::new(place).join(program));
            let found = found.iter().find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(found, programs.join(program)).unwrap();
        }
        let mut command = Command::new("sh");
        command.arg(&script).arg(&log).arg(folder.path()).env("PATH", &programs);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    }

    #[test]
    fn what_is_missing_is_named_with_the_package_that_has_it() {
        // The lines are those that setuptools, meson, cmake, cargo, shells, compilers and packages on public
        // indexes print.
        let cases = [
            (
                "      error: command 'gcc' failed: No such file or directory",
                "there is no C compiler here: name gcc and libc6-dev",
            ),
            (
                "unable to execute 'x86_64-linux-gnu-gcc': No such file or directory",
                "there is no C compiler here: name gcc and libc6-dev",
            ),
            // Recorded from setuptools of 2026 with Python 3.11 on Debian 12 without a compiler.
            (
                "          error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'",
                "there is no C compiler here: name gcc and libc6-dev",
            ),
            (
                "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc'], ['clang']]",
                "there is no C compiler here: name gcc and libc6-dev",
            ),
            ("      error: linker `cc` not found", "there is no C compiler here: name gcc and libc6-dev"),
            (
                "CMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage",
                "there is no C++ compiler here: name g++",
            ),
            (
                "error: command 'g++' failed: No such file or directory",
                "there is no C++ compiler here: name g++",
            ),
            ("  error: can't find Rust compiler", "there is no Rust compiler here: name cargo"),
            (
                "Cargo, the Rust package manager, is not installed or is not on PATH.",
                "there is no Rust compiler here: name cargo",
            ),
            (
                "src/x.c:1:10: fatal error: Python.h: No such file or directory",
                "the header Python.h is missing here: name python3-dev",
            ),
            (
                "src/a.cpp:3:10: fatal error: 'ffi.h' file not found",
                "the header ffi.h is missing here: name libffi-dev",
            ),
            (
                "x.c:1: fatal error: foo/bar.h: No such file or directory",
                "the header foo/bar.h is missing here: name the package that has it",
            ),
            ("      Error: pg_config executable not found.", "pg_config is missing here: name libpq-dev"),
            (
                "/bin/sh: 1: pkg-config: not found\nException: Can not find valid pkg-config name.",
                "mysql_config is missing here: name default-libmysqlclient-dev and pkg-config",
            ),
            (
                "RuntimeError: CMake must be installed to build the following extensions: dlib",
                "cmake is missing here: name cmake",
            ),
            ("Did not find pkg-config by name 'pkg-config'", "pkg-config is missing here: name pkg-config"),
            ("/tmp/x: line 3: swig: command not found", "swig is missing here: name swig"),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: 'git'",
                "git is missing here: name git",
            ),
            (
                "/usr/bin/ld: cannot find -lpq: No such file or directory",
                "the library pq is missing here: name the package that has it",
            ),
        ];
        for (output, expected) in cases {
            let output = format!("Building wheel\n{output}\nERROR: Failed to build 'x'\n");
            assert_eq!(said(&output), format!("pybuild: {expected} in [system] build\n"), "{output}");
        }
    }

    #[test]
    fn another_cause_is_said_and_no_compiler() {
        let end = "  error: subprocess-exited-with-error\n  note: This error originates from a subprocess\n\
                   ERROR: Failed to build 'x' when getting requirements to build wheel\n";
        let cases = [
            (
                "  ModuleNotFoundError: No module named 'pkg_resources'",
                "its build imports the module pkg_resources and does not find it: a package asks for such modules in \
                 [build-system] requires; choose a version that does, or one that has a wheel",
            ),
            (
                "  error: Multiple top-level packages discovered in a flat-layout: ['a', 'b'].\n\n  To avoid",
                "the build ended with: error: Multiple top-level packages discovered in a flat-layout: ['a', 'b'].",
            ),
            (
                "  ValueError: Unable to determine which files to ship inside the wheel",
                "the build ended with: ValueError: Unable to determine which files to ship inside the wheel",
            ),
            (
                "  FileNotFoundError: [Errno 2] No such file or directory: 'requirements.txt'",
                "the build ended with: FileNotFoundError: [Errno 2] No such file or directory: 'requirements.txt'",
            ),
            (
                "  error: Microsoft Visual C++ 14.0 or greater is required.",
                "its build asks for the compiler of Windows: this version is not written for Linux",
            ),
        ];
        for (output, expected) in cases {
            assert_eq!(said(&format!("{output}\n{end}")), format!("pybuild: {expected}\n"), "{output}");
        }
        assert_eq!(said(end), "");
    }
}
