import { expect } from 'chai';
import { parseSwitchUrl } from '../../src/switch/url.js';

describe('parseSwitchUrl', () => {
  for (const [text, host, port, password] of [
    ['esl://:ClueCon@127.0.0.1:8021', '127.0.0.1', 8021, 'ClueCon'],
    ['esl://:ClueCon@pbx.example.com', 'pbx.example.com', 8021, 'ClueCon'],
    ['esl://:ClueCon@pbx_1:8022/', 'pbx_1', 8022, 'ClueCon'],
    ['esl://:a%2Fb%40%25%3A%2C%C3%A9@[::1]:8021', '::1', 8021, 'a/b@%:,é'],
    ['esl://:a:b@h', 'h', 8021, 'a:b'],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(parseSwitchUrl(text)).to.deep.equal({ host, port, password });
    });
  }

  for (const [what, text, says] of [
    ['no URL', '127.0.0.1:8021', 'esl://:password@host:port'],
    ['another scheme', 'http://:top-secret@h', 'esl://:password@host:port'],
    ['no host', 'esl://:top-secret@', 'esl://:password@host:port'],
    ['a port that cannot be', 'esl://:top-secret@h:99999', 'esl://:password@host:port'],
    ['port 0', 'esl://:top-secret@h:0', 'h: the port is from 1 to 65535'],
    ['no password', 'esl://h:8021', 'h: the password is missing'],
    ['a user', 'esl://top-secret@h:8021', 'h: a switch has a password and no user'],
    ['a % that is no escape', 'esl://:top-secret%@h', 'h: the password holds a %'],
    ['a line break', 'esl://:top-secret%0Aexit@h', 'h: the password holds a line break'],
    ['a password with a /', 'esl://:top-secret@h/x@h2', 'h: nothing comes after the port'],
    ['a query', 'esl://:top-secret@h?x', 'h: nothing comes after the port'],
  ] as const) {
    it(`says what is wrong with ${what}, but not the password`, () => {
      const wrong = parseSwitchUrl(text);
      expect(wrong).to.be.a('string').that.contains(says);
      expect(wrong).not.to.contain('top-secret');
    });
  }
});
