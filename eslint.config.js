import tseslint from 'typescript-eslint';

const modesl = { name: 'modesl', message: 'Only src/switch/esl.ts speaks modesl.' };
const border = ['express', 'pouchdb', 'node:net', 'node:http', 'node:https'].map((name) => ({
  name,
  message: 'Calls, metaflows and recording decide; I/O lives at the border.',
}));

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'data', 'docs', 'src/generated', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // leaving keys out of an object by naming them
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // winston's transports are typed as interfaces
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/switch/esl.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [modesl] }] },
  },
  {
    files: ['src/calls/**', 'src/metaflows/**', 'src/recording/**', 'src/delivery/**'],
    ignores: ['src/delivery/addresses.ts', 'src/delivery/send.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [modesl, ...border] }] },
  },
  {
    // chai's assertions are expressions
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
