// A web client written against the generated types: it need only compile. What must not compile says so.
import type { components, operations, paths } from "./api";

type Shapes = components["schemas"];
type Answer<Operation extends keyof operations> = operations[Operation]["responses"] extends {
  200: { content: { "application/json": infer Body } };
}
  ? Body
  : never;

export async function signIn(login: Shapes["LoginRequest"]): Promise<Answer<"log_in">> {
  return ask<Answer<"log_in">>("/v1/auth/login", { method: "POST", body: JSON.stringify(login) });
}

export async function readMe(token: string): Promise<string> {
  const me = await ask<Answer<"read_me">>("/v1/me", { headers: { Authorization: `Bearer ${token}` } });
  const branches: string[] = me.memberships.map((membership) => membership.branch.path.map((step) => step.name).join(" › "));
  // @ts-expect-error there is no such field
  void me.password;
  // @ts-expect-error it may be unknown
  const day: string = me.birth_date;
  return `${me.full_name}, ${branches.join("; ")}${day}`;
}

export const login: Shapes["LoginRequest"] = {
  login: "T0001",
  password: "một hai ba bốn",
  device: { name: "web", platform: "web" },
};
// @ts-expect-error a password is required
export const incomplete: Shapes["LoginRequest"] = { login: "T0001", device: { name: "web", platform: "web" } };

async function ask<Body>(path: keyof paths, init: RequestInit): Promise<Body> {
  const answer = await fetch(path, { ...init, headers: { "Content-Type": "application/json", ...init.headers } });
  if (!answer.ok) {
    const problem = (await answer.json()) as Shapes["Problem"];
    throw new Error(`${problem.type}: ${problem.errors?.map((error) => error.pointer + error.code).join() ?? problem.detail}`);
  }
  return (await answer.json()) as Body;
}
