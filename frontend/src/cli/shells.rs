//! Shell completions and the manual page, both made from the definition of the arguments.

use std::fmt::Write;

use clap::CommandFactory;

use super::Answer;
use super::arguments::Line;
use super::error::CliError;

/// The completion script for a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Line::command(), "pybuild", &mut script);
    Answer::of(String::from_utf8_lossy(&script))
}

/// The manual page: first the program, then each command.
pub(super) fn man() -> Result<Answer, CliError> {
    let failed = |error: std::io::Error| CliError::new(format!("the manual page cannot be made: {error}"));
    let command = Line::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).date("").render(&mut page).map_err(failed)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("pybuild {}", sub.get_name());
        let sub = sub.clone().bin_name(&name).display_name(name.clone());
        let part = clap_mangen::Man::new(sub);
        page.extend(format!(".SH {}\n", name.to_uppercase()).bytes());
        part.render_description_section(&mut page).map_err(failed)?;
        part.render_synopsis_section(&mut page).map_err(failed)?;
        part.render_options_section(&mut page).map_err(failed)?;
    }
    // A section of a command becomes a subsection.
    let text = String::from_utf8_lossy(&page).into_owned();
    let mut out = String::new();
    let mut within = false;
    for line in text.lines() {
        let opens_command = line.starts_with(".SH PYBUILD ");
        within |= opens_command;
        match line.strip_prefix(".SH ") {
            Some("EXTRA") => out.push_str(".SH EXAMPLES\n"),
            Some(title) if within && !opens_command => {
                let _ = writeln!(out, ".SS {title}");
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(Answer::of(out))
}
