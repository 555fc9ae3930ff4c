/**
 * @file Small wrong edits of a TypeScript source, found through its syntax tree. (Stryker changes neither constants nor the order of
 * arguments, runs one command for every mutant, and leaves its switches in the code that this project hashes.)
 */
import { createHash } from "node:crypto";
import ts from "typescript";

export interface Mutant {
  /** From the root of the repository. */
  readonly file: string;
  readonly kind: string;
  /** Replaces the characters from `start` to `end` (excluded). */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What a node may be replaced by: kind and text. */
type Change = readonly [kind: string, text: string];

const OPERATORS: Record<string, readonly string[]> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "/=": ["*="],
};

/** Functions that are easily taken for one another. */
const SIBLINGS: Record<string, string> = {
  min: "max",
  max: "min",
  minimum: "maximum",
  maximum: "minimum",
  floor: "ceil",
  ceil: "floor",
  round: "floor",
  sin: "cos",
  cos: "sin",
  sum: "mean",
  mean: "sum",
  some: "every",
  every: "some",
  startsWith: "endsWith",
  endsWith: "startsWith",
};

/**
 * One mutant for each place that has one, in an order that the seed alone decides.
 * @param except names of functions and constants whose bodies are left as they are.
 */
export function mutantsOf(
  file: string,
  source: string,
  seed: number,
  except: readonly string[] = [],
): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (skipped(node, except)) return;
    const start = node.getStart(tree);
    const changes = changesOf(node, tree);
    if (changes.length > 0) {
      const place = parseInt(hash(`${seed} ${file} ${start} ${node.kind}`).slice(0, 8), 16);
      const [kind, text] = changes[place % changes.length];
      found.push({ file, kind, start, end: node.getEnd(), text });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return inOrder(found, seed);
}

/** Sorted by a hash of what each mutant is, so that a sample is stable where the code is. */
export function inOrder(mutants: readonly Mutant[], seed: number): Mutant[] {
  const keyed = mutants.map((mutant) => ({ mutant, key: hash(JSON.stringify([seed, mutant])) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ mutant }) => mutant);
}

/** The source with the mutant in it. */
export function mutate(source: string, { start, end, text }: Mutant): string {
  return source.slice(0, start) + text + source.slice(end);
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

/** Types have no behaviour; what errors say is prose. */
function skipped(node: ts.Node, except: readonly string[]): boolean {
  if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return true;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText())) return true;
  const named = ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node);
  return named && node.name !== undefined && except.includes(node.name.getText());
}

function changesOf(node: ts.Node, tree: ts.SourceFile): Change[] {
  const text = (n: ts.Node) => n.getText(tree);
  if (ts.isNumericLiteral(node)) {
    if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return [];
    const value = Number(node.text);
    const wrong = Number.isInteger(value)
      ? [value + 1, ...(value > 0 ? [value - 1] : [])]
      : [2 * value, value / 2];
    return wrong.map((n) => ["constant", String(n)]);
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [["constant", "false"]];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [["constant", "true"]];
  if (ts.isBinaryExpression(node)) {
    const operator = text(node.operatorToken);
    const left = text(node.left);
    if (operator === "??") return [["default removed", left]];
    if (
      [node.left, node.right].some((n) => ts.isStringLiteralLike(n) || ts.isTemplateExpression(n))
    ) {
      if (operator === "+") return [];
    }
    return (OPERATORS[operator] ?? []).map((other) => [
      "operator",
      source(node, tree, node.operatorToken, other),
    ]);
  }
  if (ts.isPostfixUnaryExpression(node)) {
    const up = node.operator === ts.SyntaxKind.PlusPlusToken;
    return [["operator", `${text(node.operand)}${up ? "--" : "++"}`]];
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const dropped = [ts.SyntaxKind.MinusToken, ts.SyntaxKind.ExclamationToken];
    return dropped.includes(node.operator) ? [["negation removed", text(node.operand)]] : [];
  }
  if (ts.isIfStatement(node)) {
    const changes: Change[] = [["condition negated", negated(node, tree)]];
    if (!node.elseStatement && leaves(node.thenStatement)) changes.push(["guard removed", "{}"]);
    return changes;
  }
  if (ts.isConditionalExpression(node)) return [["condition negated", negated(node, tree)]];
  if (ts.isElementAccessExpression(node)) {
    const index = node.argumentExpression;
    const counts = ts.isIdentifier(index) && index.text.length === 1 ||
      ts.isBinaryExpression(index);
    if (!counts || assigned(node)) return [];
    return [1, -1].map((by) => ["off by one", `${text(node.expression)}[${text(index)} + ${by}]`]);
  }
  if (ts.isPropertyAccessExpression(node) && node.name.text === "length" && !assigned(node)) {
    return [["off by one", `(${text(node)} - 1)`]];
  }
  if (ts.isExpressionStatement(node)) {
    const call = ts.isAwaitExpression(node.expression)
      ? node.expression.expression
      : node.expression;
    const removable = ts.isCallExpression(call) &&
      call.expression.kind !== ts.SyntaxKind.SuperKeyword;
    return removable ? [["call removed", "{}"]] : [];
  }
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return callChanges(node, tree);
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) {
    // The comma behind stays: an empty spread is the least that may stand there.
    const isArgument = ts.isCallExpression(node.parent.parent);
    return isArgument ? [["option dropped", "...{}"]] : [];
  }
  return [];
}

function callChanges(node: ts.CallExpression | ts.NewExpression, tree: ts.SourceFile): Change[] {
  const text = (n: ts.Node) => n.getText(tree);
  const args = [...node.arguments ?? []];
  const changes: Change[] = [];
  for (let i = 0; i + 1 < args.length; i++) {
    const [a, b] = [text(args[i]), text(args[i + 1])];
    if (a === b) continue;
    const from = args[i].getStart(tree) - node.getStart(tree);
    const to = args[i + 1].getEnd() - node.getStart(tree);
    changes.push([
      "arguments swapped",
      text(node).slice(0, from) + `${b}, ${a}` + text(node).slice(to),
    ]);
  }
  const outer = ts.isAwaitExpression(node.parent) ? node.parent.parent : node.parent;
  if (!ts.isCallExpression(node) || ts.isExpressionStatement(outer)) return changes;
  const callee = node.expression;
  const plain = args.filter((arg) => !ts.isFunctionLike(arg) && !ts.isObjectLiteralExpression(arg));
  if (ts.isPropertyAccessExpression(callee)) {
    const sibling = SIBLINGS[callee.name.text];
    if (sibling) changes.push(["sibling called", source(node, tree, callee.name, sibling)]);
    // A method of a value gives the value; of a namespace (Math, np) its argument.
    if (!/^([A-Z]\w*|np|nn|tree|z)$/.test(text(callee.expression))) {
      changes.push(["call removed", text(callee.expression)]);
      return changes;
    }
  }
  for (const arg of plain.slice(0, 2)) changes.push(["call removed", `(${text(arg)})`]);
  return changes;
}

/** The text of a node with one of its parts replaced. */
function source(node: ts.Node, tree: ts.SourceFile, part: ts.Node, other: string): string {
  const offset = node.getStart(tree);
  const text = node.getText(tree);
  return text.slice(0, part.getStart(tree) - offset) + other + text.slice(part.getEnd() - offset);
}

function negated(node: ts.IfStatement | ts.ConditionalExpression, tree: ts.SourceFile): string {
  const condition = ts.isIfStatement(node) ? node.expression : node.condition;
  return source(node, tree, condition, `!(${condition.getText(tree)})`);
}

/** Whether a statement ends what surrounds it. */
function leaves(statement: ts.Statement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  return last !== undefined && (ts.isThrowStatement(last) || ts.isReturnStatement(last) ||
    ts.isContinueStatement(last) || ts.isBreakStatement(last));
}

function assigned(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isBinaryExpression(parent) && parent.left === node &&
      parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment ||
    ts.isPostfixUnaryExpression(parent) || ts.isDeleteExpression(parent);
}
