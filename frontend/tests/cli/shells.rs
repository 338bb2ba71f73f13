use crate::folder::Folder;

#[test]
fn completions_and_the_manual_name_every_command() {
    let folder = Folder::new(&[]);
    let help = folder.run(&["--help"]).result();
    let commands: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"check"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = folder.run(&["completions", shell]).result();
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let man = folder.run(&["man"]).result();
    for command in &commands {
        assert!(man.contains(&format!(".SH PYBUILD {}\n", command.to_uppercase())), "{command}");
    }
}

#[test]
fn every_command_has_a_help_with_examples() {
    let folder = Folder::new(&[]);
    let help = folder.run(&["--help"]).result();
    assert!(help.contains("Examples:"), "{help}");
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in lines.take_while(|line| !line.is_empty()) {
        let command = line.split_whitespace().next().unwrap();
        let help = folder.run(&[command, "--help"]).result();
        assert!(help.contains("Examples:"), "{command}: {help}");
    }
}

#[test]
fn an_unknown_command_is_refused_with_the_nearest() {
    let said = Folder::new(&[]).run(&["compltions"]).refusal();
    assert!(said.contains("a similar subcommand exists: 'completions'"), "{said}");
}
