//! A flame graph as one SVG without scripts: width is time, a frame stands on its caller, the full
//! name and its microseconds show when pointed at. (The crates that draw them are under a licence
//! that this repository does not take.)

use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: f64 = 1_400.0;
const ROW: f64 = 16.0;
/// Narrower frames are left out.
const LEAST: f64 = 1.2;

#[derive(Default)]
struct Node {
    samples: u64,
    above: BTreeMap<String, Node>,
}

/// Draws stacks, outermost frame first; all samples together are `whole_us`.
pub fn draw(stacks: &BTreeMap<Vec<String>, u64>, whole_us: f64) -> String {
    let mut root = Node::default();
    for (stack, count) in stacks {
        root.samples += count;
        let mut node = &mut root;
        for frame in stack {
            node = node.above.entry(short(frame)).or_default();
            node.samples += count;
        }
    }
    let scale = WIDTH / (root.samples.max(1) as f64);
    let us = whole_us / (root.samples.max(1) as f64);
    let height = depth(&root, scale) as f64 * ROW;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"monospace\" font-size=\"11\">\n"
    );
    put(&mut svg, &root, "one order", 0.0, height - ROW, scale, us);
    svg.push_str("</svg>\n");
    svg
}

fn depth(node: &Node, scale: f64) -> usize {
    let above = node.above.values().filter(|node| node.samples as f64 * scale >= LEAST);
    1 + above.map(|node| depth(node, scale)).max().unwrap_or(0)
}

fn put(svg: &mut String, node: &Node, name: &str, left: f64, top: f64, scale: f64, us: f64) {
    let width = node.samples as f64 * scale;
    let letters = (width / 6.7) as usize;
    let label: String = if letters > 3 {
        name.chars().take(letters).collect()
    } else {
        String::new()
    };
    let _ = writeln!(
        svg,
        "<g><title>{} {:.1} us</title><rect x=\"{left:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{}\">{}</text></g>",
        escaped(name),
        node.samples as f64 * us,
        width - 0.3,
        ROW - 1.0,
        colour(name),
        left + 2.0,
        top + 12.0,
        escaped(&label)
    );
    let mut left = left;
    for (name, above) in &node.above {
        if above.samples as f64 * scale >= LEAST {
            put(svg, above, name, left, top - ROW, scale, us);
        }
        left += above.samples as f64 * scale;
    }
}

/// Ours, the kernel's, and everybody else's.
fn colour(name: &str) -> &'static str {
    if name.contains("recharge_gateway") {
        "#f0a050"
    } else if name.ends_with("_[k]") {
        "#a8c0d8"
    } else if name.contains("sqlite") {
        "#b8d8a0"
    } else {
        "#ece4d0"
    }
}

/// A name without its type parameters, which may fill a page.
fn short(name: &str) -> String {
    let mut short = String::new();
    let mut nested = 0_u32;
    for (place, letter) in name.char_indices() {
        match letter {
            '<' if place > 0 => nested += 1,
            '>' if nested > 0 => nested -= 1,
            _ if nested == 0 => short.push(letter),
            _ => {}
        }
    }
    short.chars().take(160).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
