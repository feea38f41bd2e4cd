// Every page of a bridge that has been used.
import { look } from "../look.mjs";
import { owner } from "../people.mjs";
import { seed } from "../seed.mjs";

export const weight = 10;

export async function play(stage) {
  const bridge = await stage.bridge();
  await seed(bridge);
  await look(stage, await owner(stage, bridge), "full");
}
