//! The pages of the documentation and the blocks of code in them.

use std::fs;
use std::path::Path;

use crate::engine::repository;
use crate::failure::{Failure, Result};
use crate::project::names_in;

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// The page, relative to the repository.
    pub page: String,
    /// The number of the block's first line.
    pub line: usize,
    /// What the fence says: the language, and of which file it is where there is more than one kind.
    pub language: String,
    /// What stands in it.
    pub text: String,
}

impl Block {
    /// `PAGE:LINE`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }

    /// The commands of a block of the console, with their continued lines and without what is shown below
    /// them.
    pub fn commands(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let mut continued = false;
        for line in self.text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push(command.to_owned()),
                (None, Some(last)) if continued => {
                    last.push('\n');
                    last.push_str(line);
                }
                _ => {}
            }
            continued = line.ends_with('\\');
        }
        commands
    }
}

/// The blocks of every page, in order.
///
/// # Errors
/// If a page cannot be read.
pub fn blocks() -> Result<Vec<Block>> {
    let mut pages = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for folder in ["docs", "docs/guides", "docs/rules"] {
        let names = names_in(&repository().join(folder))?.into_iter();
        let names = names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"));
        pages.extend(names.map(|name| format!("{folder}/{name}")));
    }
    pages.sort();
    let mut blocks = Vec::new();
    for page in pages {
        let text = fs::read_to_string(repository().join(&page)).map_err(Failure::io(page.clone()))?;
        let mut open: Option<Block> = None;
        for (number, line) in text.lines().enumerate() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                if let Some(block) = &mut open {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                continue;
            };
            match open.take() {
                Some(block) => blocks.push(block),
                None => {
                    let language = language.trim().to_owned();
                    open =
                        Some(Block { page: page.clone(), line: number + 2, language, text: String::new() });
                }
            }
        }
    }
    Ok(blocks)
}
