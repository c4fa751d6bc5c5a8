/* Generated from schemas/bird-record.json by npm run types. */

/**
 * The body of Bird's record command, as its document has it.
 */
export interface BirdRecord {
  /**
   * this key, pressed on the leg, ends it
   */
  endKey?: '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '*' | '#';
  /**
   * seconds; 0 or none: the site's ceiling
   */
  maxLength?: number;
  /**
   * seconds of silence, once speech was heard; 0 or none: never
   */
  timeout?: number;
  beep?: boolean;
  transcribe?: boolean;
  /**
   * en-US where none is given
   */
  transcribeLocale?:
    | 'ar-AE'
    | 'ar-SA'
    | 'zh-CN'
    | 'zh-TW'
    | 'da-DK'
    | 'nl-NL'
    | 'en-AU'
    | 'en-GB'
    | 'en-IN'
    | 'en-IE'
    | 'en-NZ'
    | 'en-AB'
    | 'en-ZA'
    | 'en-US'
    | 'en-WL'
    | 'fr-FR'
    | 'fr-CA'
    | 'fa-IR'
    | 'de-DE'
    | 'de-CH'
    | 'he-IL'
    | 'hi-IN'
    | 'id-ID'
    | 'it-IT'
    | 'ja-JP'
    | 'ko-KR'
    | 'ms-MY'
    | 'pt-PT'
    | 'pt-BR'
    | 'ru-RU'
    | 'es-ES'
    | 'es-US'
    | 'sv-SE'
    | 'ta-IN'
    | 'te-IN'
    | 'th-TH'
    | 'tr-TR'
    | 'vi-VN';
}
