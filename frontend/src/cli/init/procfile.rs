//! A `Procfile`, as Heroku and other platforms read it: one process on each line, with its name and its
//! command. Also the port that such platforms set.

use std::path::Path;

use super::draft::{Command, Draft, Health, Production};
use super::runs::Scene;

/// Files of platforms that pass the port of the web process in `PORT`.
const PLATFORMS: [&str; 8] = [
    "Procfile",
    "app.json",
    "app.yaml",
    "heroku.yml",
    "nixpacks.toml",
    "railpack.json",
    "railway.json",
    "render.yaml",
];

/// The port with a default, in shell syntax.
const PORT: &str = "${PORT:-8000}";

/// The processes of a `Procfile`: names and commands.
pub(super) fn processes(text: &str) -> Vec<(String, String)> {
    let name = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        !name.is_empty() && name.chars().all(plain)
    };
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let pairs = pairs.map(|(name, command)| (name.trim().to_owned(), command.trim().to_owned()));
    pairs.filter(|(called, command)| name(called) && !command.is_empty()).collect()
}

/// A command of a `Procfile` that listens on all addresses, at the platform's port or at 8000.
fn web(line: &str) -> String {
    let mut line = line.replace("${PORT}", PORT).replace("$PORT", PORT);
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let program = |name: &str| words.iter().any(|word| word.rsplit('/').next() == Some(name));
    let has = |names: &[&str]| {
        words.iter().any(|word| {
            names.iter().any(|name| {
                word == name
                    || word
                        .strip_prefix(name)
                        .is_some_and(|rest| rest.starts_with('=') || !name.starts_with("--"))
            })
        })
    };
    let one = !line.contains(['|', ';', '&', '#']);
    if one && program("gunicorn") && !has(&["-b", "--bind", "-c", "--config"]) {
        line = format!("{line} --bind 0.0.0.0:{PORT}");
    } else if one && program("uvicorn") {
        if !has(&["--host", "--uds"]) {
            line.push_str(" --host 0.0.0.0");
        }
        if !has(&["--port", "--uds"]) {
            line = format!("{line} --port {PORT}");
        }
    }
    line
}

/// A command as a shell line. With `exec`, it replaces the shell.
fn replacing(line: &str) -> Command {
    let assigns = line.split_whitespace().next().is_some_and(|word| word.contains('='));
    let plain = !assigns && !line.contains(['|', ';', '&', '#']) && !line.starts_with("exec ");
    Command::Line(if plain { format!("exec {line}") } else { line.to_owned() })
}

impl Scene {
    /// Adds the processes of the `Procfile`, and returns the kind of the project if nothing else has set it.
    pub(super) fn processes(&self, draft: &mut Draft) -> Option<String> {
        let mut what = None;
        for (name, command) in &self.processes {
            match name.as_str() {
                "web" => {
                    let line = web(command);
                    if line.contains(PORT) {
                        draft.production.expose = vec!["8000".to_owned()];
                        draft.production.healthcheck.get_or_insert_with(|| Health::of_port("8000"));
                    } else if !line.contains("8000") {
                        // The port on which it listens is not known.
                        draft.production.expose.clear();
                        draft.production.healthcheck = None;
                    }
                    draft.production.command = Some(replacing(&line));
                    draft.production.command_note = None;
                    what = Some("The process `web` of the Procfile".to_owned());
                    self.doubt_of(&line, draft);
                }
                "release" => draft.remarks.push(format!(
                    "The Procfile's `release` runs before a new version starts: docker run --rm IMAGE {command}"
                )),
                _ => {}
            }
        }
        let others = self.processes.iter().filter(|(name, _)| !matches!(name.as_str(), "web" | "release"));
        for (name, command) in others {
            if draft.production.command.is_none() {
                draft.production.command = Some(replacing(command));
                self.doubt_of(command, draft);
                what = Some(format!("The process `{name}` of the Procfile"));
                continue;
            }
            let taken = ["builder", "dev", "test", "production", "static", "assets", "default"];
            let called =
                if taken.contains(&name.as_str()) { format!("{name}-process") } else { name.clone() };
            let stage = Production {
                about: vec![format!("The process `{name}` of the Procfile: `--target {called}`.")],
                from: Some("production".to_owned()),
                command: Some(replacing(command)),
                // The process does not listen on a port.
                healthcheck: Some(Health::default()),
                ..Production::default()
            };
            draft.carried.push((called, stage));
        }
        what
    }

    /// Reports a process that calls a server which no dependency contains.
    fn doubt_of(&self, line: &str, draft: &mut Draft) {
        let servers = [
            "gunicorn",
            "uvicorn",
            "hypercorn",
            "daphne",
            "waitress-serve",
            "granian",
            "celery",
            "streamlit",
        ];
        let first =
            line.split_whitespace().find(|word| !word.contains('=') && *word != "exec").unwrap_or_default();
        let package = if first == "waitress-serve" { "waitress" } else { first };
        if servers.contains(&first) && !self.has(package) && !self.packages.is_empty() {
            draft
                .doubts
                .push(format!("the Procfile runs `{first}`, which no dependency brings: add `{package}`"));
        }
    }
}

/// Makes a web server listen on the platform's port, if the folder has files of such a platform.
pub(super) fn heed(folder: &Path, draft: &mut Draft) {
    let production = &mut draft.production;
    let is_web = production.expose.iter().map(String::as_str).eq(["8000"]);
    if !is_web || !PLATFORMS.iter().any(|name| folder.join(name).is_file()) {
        return;
    }
    if let Some(Command::List(words)) = &production.command {
        let port = |word: &String| match word.strip_suffix("8000") {
            Some(start) if start.is_empty() || start.ends_with([':', '=']) => Some(format!("{start}{PORT}")),
            _ => None,
        };
        if !words.iter().any(|word| port(word).is_some()) {
            return;
        }
        let quoted = |word: &String| shlex::try_quote(word).map_or_else(|_| word.clone(), Into::into);
        let words: Vec<String> =
            words.iter().map(|word| port(word).unwrap_or_else(|| quoted(word))).collect();
        production.command = Some(Command::Line(format!("exec {}", words.join(" "))));
    }
    let Some(Command::Line(line)) = &production.command else { return };
    if !line.contains(PORT) {
        return;
    }
    // The health check runs without a shell.
    if let Some(Command::List(words)) =
        production.healthcheck.as_mut().and_then(|check| check.command.as_mut())
        && let Some(code) = words.last_mut()
    {
        let of_variable = "int(os.environ.get('PORT') or 8000)";
        *code = code
            .replace("import socket; ", "import os, socket; ")
            .replace("('127.0.0.1', 8000)", &format!("('127.0.0.1', {of_variable})"))
            .replace(
                "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000",
                "import os; from urllib.request import urlopen; urlopen('http://127.0.0.1:' + (os.environ.get('PORT') or '8000') + '",
            );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_process_listens_to_the_outside() {
        // The documentation of gunicorn and uvicorn says that they listen on 127.0.0.1 by default.
        assert_eq!(web("gunicorn shop:app"), "gunicorn shop:app --bind 0.0.0.0:${PORT:-8000}");
        assert_eq!(
            web("gunicorn -w 4 --bind 0.0.0.0:$PORT shop:app"),
            "gunicorn -w 4 --bind 0.0.0.0:${PORT:-8000} shop:app"
        );
        assert_eq!(
            web("uvicorn shop:app --host=0.0.0.0"),
            "uvicorn shop:app --host=0.0.0.0 --port ${PORT:-8000}"
        );
        assert_eq!(web("python serve.py"), "python serve.py");
        assert_eq!(replacing("python serve.py"), Command::Line("exec python serve.py".to_owned()));
        assert_eq!(replacing("a && b"), Command::Line("a && b".to_owned()));
        assert_eq!(replacing("A=1 b"), Command::Line("A=1 b".to_owned()));
    }

    #[test]
    fn lines_of_a_procfile_are_processes() {
        let found = processes("web: gunicorn a:b\n\nworker : celery -A a worker\n# x\nnot a line\n");
        let of = |name: &str, command: &str| (name.to_owned(), command.to_owned());
        assert_eq!(found, [of("web", "gunicorn a:b"), of("worker", "celery -A a worker")]);
    }
}
