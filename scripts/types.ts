/** Generates src/generated/*.ts from schemas/*.json; with --check it writes nothing and fails on a difference. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { compileFromFile } from 'json-schema-to-typescript';
import prettier from 'prettier';

const schemas = 'schemas';
const generated = 'src/generated';
const check = process.argv.includes('--check');
const style = await prettier.resolveConfig('src/main.ts');

await mkdir(generated, { recursive: true });
for (const file of (await readdir(schemas)).filter((name) => name.endsWith('.json')).sort()) {
  const target = join(generated, `${basename(file, '.json')}.ts`);
  const code = await compileFromFile(join(schemas, file), {
    cwd: schemas,
    format: false,
    bannerComment: `/* Generated from schemas/${file} by npm run types. */`,
  });
  const formatted = await prettier.format(code, { ...style, parser: 'typescript' });
  if (!check) {
    await writeFile(target, formatted);
  } else if ((await readFile(target, 'utf8').catch(() => '')) !== formatted) {
    process.exitCode = 1;
    process.stderr.write(`${target} is not what schemas/${file} generates: run npm run types\n`);
  }
}
