import { describe, expect, test } from "vitest";
import { type Descriptor, matchHistory, parseImageConfig, parseManifest } from "./manifest";

function layer(digest: string): Descriptor {
  return { mediaType: "", digest, size: 1, platform: null, annotations: [] };
}

function step(createdBy: string, isEmpty = false) {
  return { createdBy, created: "", comment: "", isEmpty };
}

describe("history and layers", () => {
  test("steps that made no layer are told without one", () => {
    const steps = matchHistory(
      [step("COPY a"), step("ENV b", true), step("COPY c")],
      [layer("1"), layer("2")],
    );
    expect(steps.map((one) => one.layer?.digest ?? null)).toEqual(["1", null, "2"]);
  });

  test("layers beyond the history come last", () => {
    const steps = matchHistory([step("COPY a")], [layer("1"), layer("2")]);
    expect(steps.map((one) => one.history?.createdBy ?? null)).toEqual(["COPY a", null]);
  });

  test("a history longer than the layers lacks them", () => {
    expect(matchHistory([step("a"), step("b")], [layer("1")])[1]?.layer).toBeNull();
  });
});

describe("attack 13: documents of other people", () => {
  test.each(["1", "null", "[]", '"text"'])("%s is no manifest", (content) => {
    expect(() => parseManifest(content)).toThrow();
  });

  test("members of other types than expected are as good as absent", () => {
    const config = parseImageConfig(
      JSON.stringify({
        architecture: 1,
        config: { Env: "PATH", Labels: ["a"], Entrypoint: [1, "x"], ExposedPorts: "80" },
        history: [null, 1, { created_by: {}, empty_layer: "yes" }],
      }),
    );
    expect(config.platform).toBeNull();
    expect(config.environment).toEqual([]);
    expect(config.entrypoint).toEqual(["x"]);
    expect(config.labels).toEqual([]);
    expect(config.history).toEqual([{ createdBy: "", created: "", comment: "", isEmpty: false }]);
  });

  test("a label called __proto__ is one like the others", () => {
    const config = parseImageConfig('{"config": {"Labels": {"__proto__": "x", "constructor": "y"}}}');
    expect(config.labels).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });
});
