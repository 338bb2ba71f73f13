use super::*;

/// Two sources, a stage on each of them, and a step that joins them.
fn small() -> Graph {
    let node = |name: &str, inputs: &[usize]| Node { inputs: inputs.to_vec(), ..Node::named(name) };
    Graph {
        title: "production".to_owned(),
        nodes: vec![
            node("[base] python:3.13-slim", &[]),
            node("[internal] apt.sh", &[]),
            node("[wheels] flask 3.0.3", &[]),
            node("[wheels] unpack: wheels 01 of 16", &[0, 2]),
            node("[test] check: \"quick\" & <slow>", &[0, 1]),
            node("[production] image", &[0, 3, 4]),
        ],
    }
}

#[test]
fn internal_steps_and_downloads_are_folded_into_what_uses_them() {
    let folded = small().folded();
    let shown: Vec<_> =
        folded.nodes.iter().map(|node| (node.title.as_str(), node.inputs.as_slice())).collect();
    assert_eq!(
        shown,
        [
            ("python:3.13-slim", &[][..]),
            ("unpack: wheels 01 of 16", &[0][..]),
            ("check: \"quick\" & <slow>", &[0][..]),
            ("image", &[0, 1, 2][..]),
        ]
    );
    assert_eq!(folded.nodes[1].detail(), "1 download");
}

#[test]
fn each_format_shows_stages_steps_and_edges() {
    let graph = small().folded();
    assert_eq!(
        tree(&graph),
        "production\n[production] image\n├── [base] python:3.13-slim\n├── [wheels] unpack: wheels 01 of 16  (1 \
         download)\n│   └── [base] python:3.13-slim\n└── [test] check: \"quick\" & <slow>\n    └── [base] \
         python:3.13-slim\n"
    );
    let mermaid = mermaid(&graph);
    assert!(mermaid.contains("n2[\"check: #quot;quick#quot; & #lt;slow#gt;\"]"), "{mermaid}");
    assert!(mermaid.contains("n1[\"unpack: wheels 01 of 16<br/>1 download\"]"), "{mermaid}");
    assert!(mermaid.contains("n1 --> n3"), "{mermaid}");
    let dot = dot(&graph);
    assert!(dot.contains("n2 [label=\"check: \\\"quick\\\" & <slow>\""), "{dot}");
    assert!(dot.contains("n2 -> n3"), "{dot}");
    let svg = svg(&graph);
    assert!(svg.contains(">check: &quot;quick&quot; &amp; &lt;slow&gt;</text>"), "{svg}");
    assert_eq!(svg.matches("<path ").count(), 5);
}

#[test]
fn steps_that_can_run_at_the_same_time_share_a_column_and_never_a_place() {
    let graph = small();
    let layout = layout::layout(&graph);
    assert_eq!(layout.places[3].column, layout.places[4].column);
    assert_eq!(layout.places[2].column + 1, layout.places[3].column);
    let mut taken: Vec<_> = layout.places.iter().map(|place| (place.column, place.row)).collect();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), graph.nodes.len());
}

#[test]
fn many_steps_with_the_same_neighbours_are_a_block_with_one_line() {
    let mut graph = small();
    let last = graph.nodes.pop().unwrap();
    for number in 2..=20 {
        let name = format!("[wheels] unpack: wheels {number:02} of 20");
        graph.nodes.push(Node { inputs: vec![0, 2], ..Node::named(&name) });
    }
    let inputs = (3..graph.nodes.len()).chain([0]).collect();
    graph.nodes.push(Node { inputs, ..last });
    let layout = layout::layout(&graph);
    assert_eq!(layout.blocks.iter().map(Vec::len).collect::<Vec<_>>(), [20]);
    let wheels = layout.lanes.iter().find(|lane| lane.stage == "wheels").unwrap();
    assert_eq!((wheels.rows, layout.columns[1]), (5, 4));
    let mut taken: Vec<_> = layout.places.iter().map(|place| (place.column, place.part, place.row)).collect();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), graph.nodes.len());
    // The lines: two to the block (from the base and from the download), two to the check, and three to the
    // image (from the block, the check and the base).
    assert_eq!(svg(&graph).matches("<path ").count(), 7);
}

#[test]
fn the_longest_chain_is_the_one_that_took_longest_not_the_one_with_most_steps() {
    let mut graph = small();
    let timing = |took, cached| Some(Timing { took, cached, ..Timing::default() });
    for (at, timing) in [
        timing(10, false),
        timing(0, true),
        timing(20, false),
        timing(30, false),
        timing(900, false),
        timing(5, false),
    ]
    .into_iter()
    .enumerate()
    {
        graph.nodes[at].timing = timing;
    }
    assert_eq!(graph.longest_chain(), [0, 4, 5]);
    assert_eq!(graph.summary().unwrap(), "900 ms; 1 of 6 steps cached; longest chain 915 ms");
    graph.nodes[4].timing = timing(900, true);
    assert_eq!(graph.longest_chain(), [2, 3, 5]);
}
