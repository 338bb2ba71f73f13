//! Commands that a package manager runs. The environment is on the `PATH`, so the program itself is enough.

use super::native::Reason;
use crate::cli::init::draft::Command;

/// Options with which the same program runs in the same environment.
const CALM: [&str; 9] =
    ["--no-sync", "--frozen", "--locked", "--no-dev", "-q", "--quiet", "--no-project", "--", "--no-cache"];

/// The command without its runner.
///
/// # Errors
/// If the runner has an option with another effect.
pub(super) fn without(command: &Command) -> Result<Command, Reason> {
    match command {
        Command::List(words) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match program(&words)? {
                Some(rest) => Ok(Command::List(rest.iter().map(|word| (*word).to_owned()).collect())),
                None => Ok(command.clone()),
            }
        }
        Command::Line(line) => {
            let (start, rest) = match line.strip_prefix("exec ") {
                Some(rest) => ("exec ", rest),
                None => ("", line.as_str()),
            };
            let mut words = Vec::new();
            let mut left = rest;
            // The runner and its options are plain words. The text after them stays unchanged.
            for _ in 0..12 {
                let word = left.split_whitespace().next().unwrap_or_default();
                words.push(word);
                let is_runner = words.len() <= 2 || CALM.contains(&word);
                if !is_runner || word.is_empty() {
                    break;
                }
                left = left.trim_start().get(word.len()..).unwrap_or_default().trim_start();
            }
            match program(&words)? {
                Some(found) => {
                    let first = found.first().copied().unwrap_or_default();
                    let python =
                        if first == "python" && !left.starts_with("python") { "python " } else { "" };
                    let left = left
                        .strip_prefix("--module ")
                        .map_or_else(|| left.to_owned(), |rest| format!("-m {rest}"));
                    Ok(Command::Line(format!("{start}{python}{left}")))
                }
                None => Ok(command.clone()),
            }
        }
    }
}

/// The words after a runner; `None` if there is no runner.
fn program<'w>(words: &[&'w str]) -> Result<Option<Vec<&'w str>>, Reason> {
    let [runner, "run", rest @ ..] = words else { return Ok(None) };
    if !["uv", "poetry", "pipenv", "pdm"].contains(&runner.rsplit('/').next().unwrap_or(runner)) {
        return Ok(None);
    }
    let calm = rest.iter().take_while(|word| CALM.contains(word)).count();
    let rest = rest.get(calm..).unwrap_or_default();
    match rest {
        ["-m" | "--module", rest @ ..] => Ok(Some([&["python", "-m"], rest].concat())),
        [option, ..] if option.starts_with('-') => {
            Err(format!("`{runner} run {option}` means more than the program after it"))
        }
        [script, ..] if script.rsplit_once('.').is_some_and(|(_, kind)| kind == "py") => {
            Ok(Some([&["python"], rest].concat()))
        }
        [] => Err(format!("`{runner} run` runs nothing")),
        rest => Ok(Some(rest.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_left_out_where_it_means_nothing_more() {
        let list = |words: &[&str]| without(&Command::list(words));
        assert_eq!(
            list(&["uv", "run", "--no-sync", "uvicorn", "a:b"]),
            Ok(Command::list(&["uvicorn", "a:b"]))
        );
        assert_eq!(list(&["uv", "run", "main.py", "-x"]), Ok(Command::list(&["python", "main.py", "-x"])));
        assert_eq!(list(&["poetry", "run", "python", "-m", "a"]), Ok(Command::list(&["python", "-m", "a"])));
        assert_eq!(list(&["uv", "run", "-m", "a"]), Ok(Command::list(&["python", "-m", "a"])));
        assert_eq!(list(&["gunicorn", "run"]), Ok(Command::list(&["gunicorn", "run"])));
        assert!(list(&["uv", "run", "--with", "x", "a"]).is_err());
        let line = |line: &str| without(&Command::Line(line.to_owned()));
        assert_eq!(
            line("uv run --frozen gunicorn -b :$PORT a:b"),
            Ok(Command::Line("gunicorn -b :$PORT a:b".into()))
        );
        assert_eq!(line("exec poetry run main.py"), Ok(Command::Line("exec python main.py".into())));
        assert_eq!(line("uv run -m a.b"), Ok(Command::Line("python -m a.b".into())));
        assert_eq!(line("flask run --port 1"), Ok(Command::Line("flask run --port 1".into())));
    }
}
