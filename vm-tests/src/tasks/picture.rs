//! `picture`: what a program printed, as an SVG for a page that people read.

use std::io::Read;

use crate::error::Result;

const LINE: usize = 18;
const COLUMN: f64 = 8.2;
const MARGIN: usize = 16;

/// Draws standard input on standard output.
pub fn draw() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    print!("{}", svg(&text));
    Ok(())
}

fn svg(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let width = (longest as f64 * COLUMN) as usize + 2 * MARGIN;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut drawn = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#101418\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"13\" xml:space=\"preserve\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let colour = if line.starts_with("==") || line.starts_with('#') { "#7fd1b9" } else { "#d7dde3" };
        let y = MARGIN + number * LINE + 13;
        drawn += &format!("<text x=\"{MARGIN}\" y=\"{y}\" fill=\"{colour}\">{}</text>\n", escaped(line));
    }
    drawn + "</g>\n</svg>\n"
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn each_line_is_drawn_and_nothing_in_it_is_markup() {
        let drawn = svg("== a\nb <c> & d\n");
        assert_eq!(drawn.matches("<text ").count(), 2);
        assert!(drawn.contains(">b &lt;c&gt; &amp; d</text>"), "{drawn}");
    }
}
