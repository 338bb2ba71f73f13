//! Values above the limits are refused at their place, at a limited cost.

use super::*;

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn of_very_many_mistakes_the_first_are_told_and_the_others_counted() {
    let text = lines(3000, |n| format!("key{n:04} = 1\n"));
    let (_, problems) = parse(&text);
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[0], "1: unknown key `key0000` in this file");
    assert_eq!(problems[100], "100: and 2900 more errors");
}

#[test]
fn a_message_about_a_value_of_any_length_can_be_read() {
    let text = format!("[python]\nversion = \"{}\"\n", "é".repeat(100_000));
    let source = Arc::new(Source::new("pybuild.toml", text));
    let (_, found) = Spec::parse(&source, Arguments::default());
    let message = found.errors()[0].to_string();
    assert!(message.len() < 2500 && message.contains("is not a version of Python 3"), "{message}");
}

#[test]
fn stages_steps_and_ports_have_a_number_that_is_enough() {
    let stages = |count: usize| parse(&lines(count, |n| format!("[stage.s{n:03}]\nfrom = \"scratch\"\n"))).1;
    assert_eq!(stages(500), Vec::<String>::new());
    assert_eq!(stages(600).join("\n"), "1001: this build file has more than 500 stages");
    let copies = |count: usize| {
        let text =
            format!("[stage.a]\ncopy = [{}]\n", "\n{ path = \"/x\", from = \"node:20\" },".repeat(count));
        parse(&text).1
    };
    assert_eq!(copies(5000), Vec::<String>::new());
    assert_eq!(copies(6000).join("\n"), "5003: this build file has more than 5000 steps");
    let (_, problems) = parse("[stage.a]\nexpose = [\n\"1-9000\",\n\"1-9000/udp\",\n\"1-9000/sctp\"]\n");
    assert_eq!(problems, ["4: this build file has more than 10000 exposed ports"]);
}

#[test]
fn args_make_values_no_longer_than_can_be_sent() {
    let file = |uses: usize| {
        format!("[args]\nA = \"{}\"\n[stage.a.env]\nX = \"{}\"\n", "x".repeat(10_000), "${A}".repeat(uses))
    };
    assert_eq!(parse(&file(100)).1, Vec::<String>::new());
    let told = "4: the build args make the values of this file more than 1048576 bytes longer";
    assert_eq!(parse(&file(200)).1, [told]);
    // All values of the file count together.
    let keys = lines(20, |n| format!("X{n} = \"{}\"\n", "${A}".repeat(10)));
    let (_, problems) = parse(&format!("[args]\nA = \"{}\"\n[stage.a.env]\n{keys}", "x".repeat(10_000)));
    assert_eq!(problems.len(), 10, "{problems:?}");
}

#[test]
fn versions_that_would_make_endless_lists_are_none() {
    let (_, problems) = parse("[python]\nversion = \"3.4000000000\"\n");
    assert_eq!(problems, ["2: `3.4000000000` is not a version of Python 3"]);
    let (_, problems) = parse("[python]\nlibc = \"glibc-2.4000000000\"\n");
    assert_eq!(
        problems,
        ["2: `glibc-2.4000000000` is not a valid C library: write `glibc-2.36` or `musl-1.2`"]
    );
}
