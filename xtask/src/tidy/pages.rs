//! The pages of docs/: their links lead somewhere, and the book has each page once.

use super::{Finding, Rule, Source};
use std::path::Path;

/// The folder of the pages.
const FOLDER: &str = "docs";

/// The contents of the book, from the workspace's folder.
const SUMMARY: &str = "docs/SUMMARY.md";

/// Reports links to nothing in the pages and in the README, and pages that the book lacks.
pub(super) fn check(workspace: &Path, findings: &mut Vec<Finding>) -> Result<(), String> {
    let mut pages = Vec::new();
    if workspace.join(FOLDER).is_dir() {
        super::read(workspace, FOLDER, ".md", &mut pages)?;
    }
    if let Ok(text) = std::fs::read_to_string(workspace.join("README.md")) {
        pages.push(Source { file: "README.md".to_owned(), text });
    }
    let mut in_the_book = Vec::new();
    for page in &pages {
        for (line, link) in links(&page.text) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.file.clone() } else { beside(&page.file, path) };
            if !workspace.join(&target).exists() {
                let message = format!("`{link}`: there is no {target}");
                findings.push(page.finding(line, Rule::DeadLink, message));
            } else if page.is_in(FOLDER) && !Path::new(&target).starts_with(FOLDER) {
                let message = format!("`{link}`: {target} is not in the book");
                findings.push(page.finding(line, Rule::DeadLink, message));
            } else if let Some(other) = pages.iter().find(|other| other.file == target)
                && !anchor.is_empty()
                && !headings(&other.text).any(|heading| slug(heading) == anchor)
            {
                let message = format!("`{link}`: {target} has no such heading");
                findings.push(page.finding(line, Rule::DeadLink, message));
            }
            if page.file == SUMMARY {
                in_the_book.push(target);
            }
        }
    }
    for page in pages.iter().filter(|page| page.file != SUMMARY && page.is_in(FOLDER)) {
        let times = in_the_book.iter().filter(|target| **target == page.file).count();
        if times != 1 {
            let message = format!("{SUMMARY} has it {times} times, not once");
            findings.push(page.finding(1, Rule::NotInTheBook, message));
        }
    }
    Ok(())
}

/// The path of what a page links to, from the workspace's folder.
fn beside(page: &str, path: &str) -> String {
    let mut steps: Vec<&str> = page.split('/').collect();
    steps.pop();
    for step in path.split('/') {
        match step {
            "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// The lines of a page that are not code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_fence && !is_code).then_some((index + 1, line))
    })
}

/// The targets of links, with their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.match_indices("](").filter_map(move |(at, _)| {
            let is_code = line[..at].matches('`').count() % 2 == 1;
            let target = line[at + 2..].split_once(')')?.0;
            (!is_code).then_some((number, target))
        })
    })
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    let lines = prose(text).map(|(_, line)| line).filter(|line| line.starts_with('#'));
    lines.map(|line| line.trim_start_matches('#').trim())
}

/// The anchor that a heading gets, in mdBook as on the sites that show a repository.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}
